"""Settings of ``evaluate``."""

from dataclasses import dataclass

from mmtool.choices import Split
from mmtool.settings.checks import require
from mmtool.settings.run_names import TIMING


@dataclass(frozen=True, slots=True)
class EvaluateSettings:
    """Which alignments are measured."""

    run: str = TIMING
    split: Split | None = None
    resamples: int = 1000
    confidence: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        require(self.resamples >= 1, "resamples", "at least 1", self.resamples)
        require(0 < self.confidence < 1, "confidence", "between 0 and 1", self.confidence)
