"""Settings of ``export``."""

from dataclasses import dataclass
from pathlib import Path

from mmtool.choices import Cut, ExportFormat, Split
from mmtool.settings.checks import require


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """Which alignments are written for which program, and where to."""

    run: str
    format: ExportFormat
    folder: Path | None = None  # None: the corpus's exports/<run>/
    split: Split | None = None  # None: all that are aligned
    cut: Cut = Cut.ENCODE  # of `clips` and `webdataset`

    def __post_init__(self) -> None:
        require(self.run != "", "run", "the name of alignments", repr(self.run))
