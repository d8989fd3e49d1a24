"""Settings of ``compare``."""

from dataclasses import dataclass

from mmtool.choices import Split
from mmtool.settings.checks import require


@dataclass(frozen=True, slots=True)
class CompareSettings:
    """Which runs are compared with the first of them, on which videos."""

    runs: tuple[str, ...]
    split: Split | None = None  # None: every id that is annotated
    resamples: int = 1000  # of the bootstrap over videos
    confidence: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        require(len(set(self.runs)) >= 2, "run", "given for two different runs at least", self.runs)
        require(len(set(self.runs)) == len(self.runs), "run", "given once for each run", self.runs)
        require(self.resamples >= 1, "resamples", "at least 1", self.resamples)
        require(0 < self.confidence < 1, "confidence", "between 0 and 1", self.confidence)
