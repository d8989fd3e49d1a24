"""Settings of ``align``."""

from dataclasses import dataclass
from math import inf, isfinite

from mmtool.choices import CheckpointChoice, Decoder, Device, Split, TimingPath
from mmtool.settings.checks import require
from mmtool.settings.run_names import TIMING, check_run_name


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
        require(self.batch_size >= 1, "batch-size", "at least 1", self.batch_size)
        require(self.beam_width >= 1, "beam-width", "at least 1", self.beam_width)
        require(isfinite(self.unmatched_score), "unmatched-score", "a finite number", self.unmatched_score)
        require(isfinite(self.unused_cost), "unused-cost", "a finite number", self.unused_cost)
        require(
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
    require(start is None or 0 <= start < inf, "text-start", "seconds from the video's start", start)
    require(end is None or (start or 0) < end < inf, "text-end", "seconds after --text-start", end)


def _require_shares(min_confidence: float, accuracy: float) -> None:
    require(0 <= min_confidence <= 1, "min-confidence", "a probability, 0 to 1", min_confidence)
    require(0 <= accuracy <= 1, "require", "an accuracy, 0 to 1", accuracy)
