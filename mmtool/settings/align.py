"""Settings of ``align``."""

from dataclasses import dataclass
from typing import Annotated

from mmtool.choices import CheckpointChoice, Split, TimingModel, TimingPath, Use
from mmtool.decoders import DECODERS
from mmtool.errors import SettingError
from mmtool.language_codes import is_language
from mmtool.settings.devices import AUTO, NETWORK_DEVICES, check_device
from mmtool.settings.options import Option, Settings
from mmtool.settings.requirements import Requirement
from mmtool.settings.run_names import TIMING, check_run_name, check_runs

INPUT, DECODING, TIME, OUTPUT = "Input", "Decoding", "Timing", "Output"
TRAINED_WITH = "the features the run was trained with"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignSettings(Settings):
    """Which run aligns which videos; without a run, timing or the similarity of features does."""

    run: Annotated[
        str,
        Option(
            "Run that aligns the videos.",
            heading=INPUT,
            default="none: align by timing",
            metavar="RUN",
            completion="runs",
        ),
    ] = ""
    split: Annotated[
        Split | None,
        Option("Split to align.", heading=INPUT, default="all videos with clips and snippets"),
    ] = None
    video: Annotated[
        str,
        Option("Video features.", heading=INPUT, default=TRAINED_WITH, metavar="NAME", completion="features"),
    ] = ""
    text: Annotated[
        str,
        Option("Text features.", heading=INPUT, default=TRAINED_WITH, metavar="NAME", completion="features"),
    ] = ""
    scores: Annotated[
        str,
        Option(
            "Scores of clips and snippets that `mmtool score` wrote, instead of features.",
            heading=INPUT,
            default="none",
            metavar="NAME",
            completion="scores",
        ),
    ] = ""
    any_space: Annotated[
        bool, Option("Compare features even if they come from different models.", heading=INPUT)
    ] = False
    checkpoint: Annotated[
        CheckpointChoice,
        Option(
            "Checkpoint of the run; auto selects the best one if the run stopped early, otherwise the last.",
            heading=INPUT,
        ),
    ] = CheckpointChoice.AUTO
    decoder: Annotated[
        str | None,
        Option(
            "How clips are matched with snippets. greedy and beam follow a network's run; semi-markov uses "
            "timing, and features or scores if you name them; dtw, otam and monotone use these alone: "
            "dtw matches every clip, otam leaves out the head and the tail, monotone any dissimilar clip.",
            heading=DECODING,
            default="greedy for a network's run, otherwise semi-markov",
            metavar="NAME",
            completion="decoders",
        ),
    ] = None
    beam_width: Annotated[int, Option("Beam width (beam only).", heading=DECODING, at_least=1)] = 8
    unmatched_score: Annotated[
        float,
        Option(
            "Score of a clip without a snippet (monotone only). Scores are standardised: an average pair "
            "has 0, the standard deviation is 1.",
            heading=DECODING,
        ),
    ] = 0.0
    unused_cost: Annotated[
        float, Option("Cost of a snippet without a clip (monotone only).", heading=DECODING)
    ] = 0.0
    batch_size: Annotated[
        int, Option("Videos decoded together (networks only).", heading=DECODING, at_least=1)
    ] = 16
    device: Annotated[
        str, Option(f"Device for networks: {NETWORK_DEVICES}.", heading=DECODING, metavar="DEVICE")
    ] = AUTO
    path: Annotated[
        TimingPath,
        Option(
            "What timing returns: the labels that are expected to be best, or the most probable path.",
            heading=TIME,
        ),
    ] = TimingPath.MINIMUM_RISK
    timing_model: Annotated[
        TimingModel,
        Option(
            "What timing assumes: a mixture of hypotheses, weighed for each video, or that every video is of "
            "the channel that the parameters were learned from.",
            heading=TIME,
        ),
    ] = TimingModel.MIXTURE
    language: Annotated[
        str,
        Option(
            "Language of the texts, an ISO 639-1 code; it determines reading times.",
            heading=TIME,
            metavar="CODE",
            default="detected for each video",
        ),
    ] = AUTO
    learn_from_corpus: Annotated[
        bool,
        Option(
            "Learn from all videos of the call how often cuts follow the text. Alignments then depend on "
            "which videos are aligned together.",
            heading=TIME,
        ),
    ] = False
    text_start: Annotated[
        float | None,
        Option(
            "Time at which the narration starts, in seconds.", heading=TIME, at_least=0, default="estimated"
        ),
    ] = None
    text_end: Annotated[
        float | None,
        Option("Time at which the narration ends, in seconds.", heading=TIME, above=0, default="estimated"),
    ] = None
    transcript: Annotated[
        Use,
        Option(
            "Whether a transcript (transcripts/ID.*), what is heard in the film, says when the text is told "
            "(semi-markov only; not with `--timing-model channel`).",
            heading=TIME,
        ),
    ] = Use.USE
    cue_times: Annotated[
        Use,
        Option(
            "Whether times in the text itself, as in subtitles, say when it is told (semi-markov only).",
            heading=TIME,
        ),
    ] = Use.USE
    pins: Annotated[
        Use, Option("Whether pins/ID.tsv, what a person has fixed, constrains the alignment.", heading=TIME)
    ] = Use.USE
    timing_weight: Annotated[
        float | None,
        Option(
            "Weight of timing beside a network's actions; 0 ignores timing.",
            heading=TIME,
            at_least=0,
            default="the weight chosen in training",
        ),
    ] = None
    min_confidence: Annotated[
        float,
        Option(
            "Leave out matches with a lower probability of being right.",
            heading=OUTPUT,
            at_least=0,
            at_most=1,
        ),
    ] = 0.0
    require: Annotated[
        tuple[str, ...],
        Option(
            "Fail videos below this share: iou=0.3 (expected text IoU), placed=0.8 (snippets that have a "
            "clip) or accuracy=0.5 (expected video accuracy). Repeat the option to require several; what is "
            "unknown does not pass.",
            heading=OUTPUT,
            metavar="MEASURE=SHARE",
        ),
    ] = ()
    force: Annotated[bool, Option("Align again, replacing earlier alignments.", heading=OUTPUT)] = False

    def __post_init__(self) -> None:
        if isinstance(self.require, float | int):
            object.__setattr__(self, "require", str(self.require))  # is refused with the form that is meant
        Settings.__post_init__(self)

    def check(self) -> None:
        check_run_name(self.run)
        check_runs(self.scores, setting="scores", parent="scores")
        if self.scores and (self.video or self.text):
            one = "video" if self.video else "text"
            raise SettingError("scores", f"cannot be given together with `{one}`; leave one of them out")
        check_device(self.device)
        self.requirements  # noqa: B018 – raises SettingError for one that is malformed
        if self.decoder is not None:
            DECODERS.load(self.decoder)
        if self.language != AUTO and not is_language(self.language):
            raise SettingError(
                "language", f"must be auto, or a code of ISO 639-1 such as en or pt-BR, not {self.language}"
            )
        if self.timing_model is TimingModel.CHANNEL:
            idle = {"language": self.language != AUTO, "learn_from_corpus": self.learn_from_corpus}
            for name, changed in idle.items():
                if changed:
                    raise SettingError(name, "has no effect with `timing_model=channel`; leave it out")
        if None not in (self.text_start, self.text_end) and self.text_end <= self.text_start:  # type: ignore[operator]
            raise SettingError("text_end", f"must be after `text_start`, not {self.text_end:g}")

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """What each video must reach."""
        return tuple(map(Requirement.parse, self.require))

    @property
    def folder(self) -> str:
        """The name of the folder below ``alignments/``."""
        return self.run or self.decoder or TIMING
