"""Settings of ``report``."""

from dataclasses import dataclass
from pathlib import Path

from mmtool.choices import Split
from mmtool.settings.checks import require


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """Which alignments a page shows, and where it is written."""

    runs: tuple[str, ...]
    output: Path | None = None  # None: the corpus's reports/<run>.html
    split: Split | None = None  # None: all that every run has aligned
    thumbnail_width: int = 128  # pixels; 0: no pictures

    def __post_init__(self) -> None:
        require(len(set(self.runs)) == len(self.runs) >= 1, "run", "given once for each run", self.runs)
        width = self.thumbnail_width
        require(width == 0 or 16 <= width <= 640, "thumbnail-width", "0, or from 16 to 640", width)
