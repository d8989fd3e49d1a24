"""Settings of ``align``."""

from dataclasses import dataclass
from typing import Annotated

from mmtool.choices import CheckpointChoice, Split, TimingPath
from mmtool.decoders import DECODERS
from mmtool.errors import SettingError
from mmtool.settings.devices import AUTO, NETWORK_DEVICES, check_device
from mmtool.settings.options import Option, Settings
from mmtool.settings.requirements import Requirement
from mmtool.settings.run_names import TIMING, check_run_name

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
            "timing, and the similarity of features if you name them; dtw, otam and monotone use similarity "
            "alone: dtw matches every clip, otam leaves out the head and the tail, monotone any dissimilar "
            "clip.",
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
            "What timing returns: the labels of minimum expected risk, or the most probable path.",
            heading=TIME,
        ),
    ] = TimingPath.MINIMUM_RISK
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
        check_device(self.device)
        self.requirements  # noqa: B018 – raises SettingError for one that is malformed
        if self.decoder is not None:
            DECODERS.load(self.decoder)
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
