"""Settings of every stage: the only place of defaults; each check names the option."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from math import inf, isfinite
from pathlib import Path

from mmtool.choices import (
    Action,
    CheckpointChoice,
    Cut,
    Decoder,
    Device,
    EncoderPrecision,
    Engine,
    ExportFormat,
    Inputs,
    Normalisation,
    Optimizer,
    PictureFormat,
    Plot,
    Pooling,
    Precision,
    RegionPrecision,
    ShotDetector,
    Split,
    TextEncoder,
    TextFormat,
    TextSplit,
    TimingPath,
    TimingPrior,
)
from mmtool.errors import CallError

TIMING = str(Decoder.SEMI_MARKOV)  # the preset, and the name of alignments without a run
TIMING_RUN = "timing"  # the preset's run
BY_SIMILARITY = frozenset({Decoder.DTW, Decoder.OTAM, Decoder.MONOTONE})
WITHOUT_RUN = BY_SIMILARITY | {Decoder.SEMI_MARKOV}  # their alignments have the decoder's name


def check_run_name(run: str) -> None:
    """Raise CallError for the name of alignments without a run, which a run's would overwrite."""
    _require(run not in WITHOUT_RUN, "run", "another name than that of alignments without a run", run)


def _require(condition: bool, option: str, wanted: str, got: object) -> None:
    if not condition:
        raise CallError(f"--{option} must be {wanted}, not {got}")


@dataclass(frozen=True, slots=True)
class SegmentSettings:
    """Clips by PySceneDetect's content detector at the paper's setting; snippets as the text has them."""

    threshold: float | None = None  # None: the detector's own; of content 20, the paper's
    min_clip_frames: int = 5
    split: TextSplit = TextSplit.NONE
    force: bool = False
    detector: ShotDetector = ShotDetector.CONTENT
    detector_options: tuple[str, ...] = ()  # NAME=VALUE
    weights: Path | None = None  # of a learned detector; None: published
    start: float = 0.0  # seconds; what is before is left out
    end: float | None = None
    clips: Path | None = None  # somebody's cut list of one film, or a folder of them, instead of a detector
    stats: bool = False  # keep the score of every frame
    suggest: bool = False  # draw what other thresholds would give
    thumbnails: bool = False
    workers: int = 0  # films at the same time; 0: one for each core
    language: str = "en"  # of the texts: an ISO 639 code
    text_format: TextFormat = TextFormat.AUTO

    def __post_init__(self) -> None:
        is_code = re.fullmatch(r"[a-z]{2,3}(-\w+)*", self.language) is not None
        _require(is_code, "language", "an ISO 639 code such as en or de", self.language)
        _require(
            self.threshold is None or 0 < self.threshold <= 255,
            "threshold",
            "above 0 and at most 255",
            self.threshold,
        )
        _require(self.min_clip_frames >= 1, "min-clip-frames", "at least 1", self.min_clip_frames)
        if self.weights is not None and self.detector is not ShotDetector.TRANSNETV2:
            raise CallError(f"--weights is of transnetv2; {self.detector} has none")
        _require(0 <= self.start < inf, "start", "seconds from the film's start", self.start)
        _require(self.end is None or self.start < self.end < inf, "end", "after --start and finite", self.end)
        _require(self.workers >= 0, "workers", "at least 0", self.workers)
        if self.clips is not None and (self.stats or self.suggest or self.start or self.end is not None):
            raise CallError(
                "--clips takes cuts as they are: leave --stats, --suggest, --start and --end away"
            )


OF_VIDEO = (
    "video_weights",
    "video_model",
    "video_name",
    "image_size",
    "proposals",
    "frames",
    "keep_regions",
    "region_names",
)
OF_TEXT = ("text_weights", "text_model", "text_name", "pooling")


@dataclass(frozen=True, slots=True)
class ExtractSettings:
    """Which encoders, with which weights; a modality without an encoder is left alone."""

    video_encoder: str | None = None  # a choices.VideoEncoder, or a classifier of torchvision.models
    text_encoder: TextEncoder | None = None
    video_weights: str | None = None  # None: published; "random"; or a path
    text_weights: str | None = None
    video_model: str | None = (
        None  # of clip and lxmert: hub name or local folder; None: the encoder's default
    )
    text_model: str | None = None  # likewise, of every encoder of text but length
    video_name: str | None = None  # of the features file; None: the encoder's name
    text_name: str | None = None
    pooling: Pooling | None = None  # None: the encoder's own
    image_size: int | None = None  # shorter side in pixels; None: the detector's own
    proposals: int | None = None  # regions that the detector looks at; None: its own number
    frames: int = 1  # of a clip, uniformly spaced, whose features are averaged
    keep_regions: bool = False
    region_precision: RegionPrecision = RegionPrecision.FP32
    region_names: bool = False  # whether the file says what labels and attributes stand for
    seed: int = 0  # of random weights
    batch_size: int = 8
    precision: EncoderPrecision = EncoderPrecision.FP32
    device: Device = Device.AUTO
    workers: int = 1  # processes on this machine, a film each
    engine: Engine = Engine.LOCAL
    address: str | None = None  # of a Ray cluster; None: one of this machine, for this call
    force: bool = False

    def __post_init__(self) -> None:
        if self.video_encoder is None and self.text_encoder is None:
            raise CallError("nothing to extract: name --video-encoder, --text-encoder or both")
        if self.video_encoder is None:
            self._refuse("--video-encoder", *OF_VIDEO)
        if self.text_encoder is None:
            self._refuse("--text-encoder", *OF_TEXT)
        if not self.keep_regions:
            self._refuse("--keep-regions", "region_precision")
        _require(self.batch_size >= 1, "batch-size", "at least 1", self.batch_size)
        _require(self.frames >= 1, "frames", "at least 1", self.frames)
        _require(self.workers >= 1, "workers", "at least 1", self.workers)
        if self.address is not None and self.engine is not Engine.RAY:
            raise CallError("--address is that of a Ray cluster: add --engine ray")
        if self.engine is Engine.RAY and self.workers > 1:
            raise CallError("--workers is for one machine: Ray uses what its cluster has")
        _require(
            self.image_size is None or self.image_size >= 32, "image-size", "at least 32", self.image_size
        )
        _require(self.proposals is None or self.proposals >= 1, "proposals", "at least 1", self.proposals)

    def _refuse(self, missing: str, *names: str) -> None:
        """Raise CallError for the first of the settings that means nothing without an option."""
        defaults = {field.name: field.default for field in fields(self)}
        for name in names:
            if getattr(self, name) != defaults[name]:
                raise CallError(f"--{name.replace('_', '-')} means nothing without {missing}: add it")


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """Random projection (Eq. 13) of one features file a modality; ``a+b`` joins two."""

    video: str = ""  # empty: the corpus's only one
    text: str = ""
    dimension: int = 300
    seed: int = 0
    force: bool = False

    def __post_init__(self) -> None:
        _require(self.dimension >= 1, "dim", "at least 1", self.dimension)


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """The network and its training; the defaults are the paper's best row, RP+LARS+SBN."""

    video: str = ""  # features: an encoder's name, `a+b` joins two
    text: str = ""
    inputs: Inputs = Inputs.RP
    normalisation: Normalisation = Normalisation.SBN
    optimizer: Optimizer = Optimizer.LARS
    learning_rate: float = 7e-3
    weight_decay: float = 0.0
    dropout: float = 0.0
    lstm_dropout: float = 0.0
    label_smoothing: float = 0.03
    warmup_epochs: int = 0
    warmup_from: float = 5e-5  # learning rate of the first warm-up epoch
    epochs: int = 350
    batch_size: int = 32
    clip_norm: float = 2.0
    halve_after: int = 10  # epochs without a better training loss before the learning rate halves
    early_stopping: int = 0  # epochs without a better validation score before training ends; 0: never
    max_actions: int = 100  # of a training sample
    actions: tuple[Action, ...] = (Action.POP_VIDEO, Action.POP_TEXT, Action.MATCH_RETAIN_TEXT)
    time_features: bool = False  # seconds elapsed, left and to read, which the published network lacks
    timing_prior: TimingPrior = TimingPrior.NONE
    validate_every: int = 1
    train_measures_every: int = 0  # epochs from one measuring of the training videos to the next; 0: never
    init_from: str = ""  # a run of this corpus, or a run's folder elsewhere, whose weights are the first
    seed: int = 0
    precision: Precision = Precision.FP32
    device: Device = Device.AUTO
    threads: int = 0  # of torch on the CPU; 0: one for each core this process may use

    def __post_init__(self) -> None:
        _require(self.learning_rate > 0, "learning-rate", "above 0", self.learning_rate)
        _require(self.weight_decay >= 0, "weight-decay", "at least 0", self.weight_decay)
        _require(0 <= self.dropout < 1, "dropout", "in [0, 1)", self.dropout)
        _require(0 <= self.lstm_dropout < 1, "lstm-dropout", "in [0, 1)", self.lstm_dropout)
        _require(0 <= self.label_smoothing < 1, "label-smoothing", "in [0, 1)", self.label_smoothing)
        _require(self.warmup_epochs >= 0, "warmup-epochs", "at least 0", self.warmup_epochs)
        _require(self.epochs >= 1, "epochs", "at least 1", self.epochs)
        _require(self.batch_size >= 1, "batch-size", "at least 1", self.batch_size)
        _require(self.clip_norm > 0, "clip-norm", "above 0", self.clip_norm)
        _require(self.halve_after >= 1, "halve-after", "at least 1", self.halve_after)
        _require(self.max_actions >= 2, "max-actions", "at least 2", self.max_actions)
        _require(self.validate_every >= 1, "validate-every", "at least 1", self.validate_every)
        _require(
            self.train_measures_every >= 0, "train-measures-every", "at least 0", self.train_measures_every
        )
        _require(self.seed >= 0, "seed", "at least 0", self.seed)

    def to_dict(self) -> dict[str, object]:
        """Plain JSON values."""
        values = asdict(self)
        return values | {"actions": [str(action) for action in self.actions]}

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "TrainSettings":
        """The inverse of :meth:`to_dict`; raises ValueError for a value or name it does not know."""
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"unknown setting {sorted(unknown)[0]!r}")
        typed: dict[str, object] = dict(values)
        for name, kind in (
            ("inputs", Inputs),
            ("normalisation", Normalisation),
            ("optimizer", Optimizer),
            ("timing_prior", TimingPrior),
            ("precision", Precision),
            ("device", Device),
        ):
            if name in typed:
                typed[name] = kind(str(typed[name]))
        if "actions" in typed:
            typed["actions"] = tuple(Action(name) for name in typed["actions"])  # type: ignore[attr-defined]
        return replace(cls(), **typed)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class AlignSettings:
    """Which run aligns which ids; without a run, timing or a similarity of features does."""

    run: str = ""
    split: Split | None = None  # None: every id that has clips and snippets
    video: str = ""  # features; empty: those that the run was trained with
    text: str = ""
    any_space: bool = False  # compare features whose files do not say that they share a space
    decoder: Decoder | None = None  # None: greedy for a network's run, else semi-markov
    beam_width: int = 8
    unmatched_score: float = 0.0  # of monotone: a clip's without a snippet; an average pair has 0
    unused_cost: float = 0.0  # of monotone: of a snippet without a clip
    checkpoint: CheckpointChoice = CheckpointChoice.AUTO
    batch_size: int = 16
    device: Device = Device.AUTO
    path: TimingPath = TimingPath.MINIMUM_RISK
    text_start: float | None = None  # seconds; None: unknown
    text_end: float | None = None
    min_confidence: float = 0.0  # of a match; weaker ones are left out
    require: float = 0.0  # expected accuracy of a video; a worse one fails
    timing_weight: float | None = None  # of timing's prior on a network's actions; None: the run's own
    force: bool = False

    def __post_init__(self) -> None:
        check_run_name(self.run)
        _require(self.batch_size >= 1, "batch-size", "at least 1", self.batch_size)
        _require(self.beam_width >= 1, "beam-width", "at least 1", self.beam_width)
        _require(isfinite(self.unmatched_score), "unmatched-score", "a finite number", self.unmatched_score)
        _require(isfinite(self.unused_cost), "unused-cost", "a finite number", self.unused_cost)
        _require(
            self.timing_weight is None or 0 <= self.timing_weight < inf,
            "timing-weight",
            "at least 0",
            self.timing_weight,
        )
        _require_extent(self.text_start, self.text_end)
        _require_shares(self.min_confidence, self.require)

    @property
    def folder(self) -> str:
        """The name of the alignments."""
        return self.run or str(self.decoder or TIMING)


def _require_extent(start: float | None, end: float | None) -> None:
    _require(start is None or 0 <= start < inf, "text-start", "seconds from the video's start", start)
    _require(end is None or (start or 0) < end < inf, "text-end", "seconds after --text-start", end)


def _require_shares(min_confidence: float, require: float) -> None:
    _require(0 <= min_confidence <= 1, "min-confidence", "a probability, 0 to 1", min_confidence)
    _require(0 <= require <= 1, "require", "an accuracy, 0 to 1", require)


@dataclass(frozen=True, slots=True)
class EvaluateSettings:
    """Which alignments are measured."""

    run: str = TIMING
    split: Split | None = None
    resamples: int = 1000
    confidence: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        _require(self.resamples >= 1, "resamples", "at least 1", self.resamples)
        _require(0 < self.confidence < 1, "confidence", "between 0 and 1", self.confidence)


@dataclass(frozen=True, slots=True)
class CompareSettings:
    """Which runs are compared with the first of them, on which videos."""

    runs: tuple[str, ...]
    split: Split | None = None  # None: every id that is annotated
    resamples: int = 1000  # of the bootstrap over videos
    confidence: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        _require(len(set(self.runs)) >= 2, "run", "given for two different runs at least", self.runs)
        _require(len(set(self.runs)) == len(self.runs), "run", "given once for each run", self.runs)
        _require(self.resamples >= 1, "resamples", "at least 1", self.resamples)
        _require(0 < self.confidence < 1, "confidence", "between 0 and 1", self.confidence)


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """Which alignments a page shows, and where it is written."""

    runs: tuple[str, ...]
    output: Path | None = None  # None: the corpus's reports/<run>.html
    split: Split | None = None  # None: all that every run has aligned
    thumbnail_width: int = 128  # pixels; 0: no pictures

    def __post_init__(self) -> None:
        _require(len(set(self.runs)) == len(self.runs) >= 1, "run", "given once for each run", self.runs)
        width = self.thumbnail_width
        _require(width == 0 or 16 <= width <= 640, "thumbnail-width", "0, or from 16 to 640", width)


@dataclass(frozen=True, slots=True)
class PlotSettings:
    """Which runs are drawn together, and where to."""

    runs: tuple[str, ...]
    what: Plot = Plot.ALL
    folder: Path | None = None  # None: the corpus's plots/
    format: PictureFormat = PictureFormat.PNG
    videos: tuple[str, ...] = ()  # of pictures of alignments; empty: all that are aligned
    split: Split | None = None  # likewise


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """Which alignments are written for which program, and where to."""

    run: str
    format: ExportFormat
    folder: Path | None = None  # None: the corpus's exports/<run>/
    split: Split | None = None  # None: all that are aligned
    cut: Cut = Cut.ENCODE  # of `clips` and `webdataset`

    def __post_init__(self) -> None:
        _require(self.run != "", "run", "the name of alignments", repr(self.run))


@dataclass(frozen=True, slots=True)
class ExperimentSettings:
    """Which plan runs, and what differs from it."""

    plan: str  # the name of a shipped one, or the path of a .toml file
    seeds: tuple[int, ...] = ()  # empty: the plan's
    epochs: int | None = None  # None: the presets'
    split: Split | None = None  # None: the plan's
    runs: str = ""  # how the names of the runs start; empty: as the plan says
    video: str = ""  # features of the rows that name none; empty: the corpus's only ones
    text: str = ""
    init_from: str = ""  # of the rows that finetune
    device: Device = Device.AUTO
    threads: int = 0

    def __post_init__(self) -> None:
        _require(all(seed >= 0 for seed in self.seeds), "seeds", "at least 0", self.seeds)
        _require(len(set(self.seeds)) == len(self.seeds), "seeds", "different", self.seeds)
        _require(self.epochs is None or self.epochs >= 1, "epochs", "at least 1", self.epochs)


@dataclass(frozen=True, slots=True)
class RunSettings:
    """One film and one text, and the folder that becomes their corpus."""

    video: Path
    text: Path
    folder: Path
    title: str = ""
    segment: SegmentSettings = field(default_factory=SegmentSettings)
    extract: ExtractSettings | None = None  # None: by timing alone
    align: AlignSettings = field(default_factory=AlignSettings)

    def __post_init__(self) -> None:
        if self.extract is not None and None in (self.extract.video_encoder, self.extract.text_encoder):
            raise CallError("clips are compared with snippets: name --video-encoder and --text-encoder")
        decoder = self.align.decoder
        if decoder is not None and decoder not in WITHOUT_RUN:
            raise CallError(f"--decoder {decoder}: needs a trained network; one film alone has none")
        if decoder in BY_SIMILARITY and self.extract is None:
            raise CallError(
                f"--decoder {decoder}: compares features; name --video-encoder and --text-encoder"
            )


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """The size of the demo's corpus and of its training."""

    folder: Path
    train: int = 64
    val: int = 8
    test: int = 12
    epochs: int = 80
    image_size: int = 120  # of small movies; the detector's 800 pixels only take longer
    proposals: int = 50
    seed: int = 0
