"""Settings of ``plot``."""

from dataclasses import dataclass
from pathlib import Path

from mmtool.choices import PictureFormat, Plot, Split


@dataclass(frozen=True, slots=True)
class PlotSettings:
    """Which runs are drawn together, and where to."""

    runs: tuple[str, ...]
    what: Plot = Plot.ALL
    folder: Path | None = None  # None: the corpus's plots/
    format: PictureFormat = PictureFormat.PNG
    videos: tuple[str, ...] = ()  # of pictures of alignments; empty: all that are aligned
    split: Split | None = None  # likewise
