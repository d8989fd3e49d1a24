"""What plotting gives back."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from mmtool.choices import PictureFormat
from mmtool.evaluation.overfitting import OgrRow
from mmtool.plots.history import RatioRow
from mmtool.records import Report


@dataclass(slots=True, kw_only=True)
class PlotReport(Report):
    """The files that were written, and a row of Table 3 for each run whose ratios were drawn.

    ``ogr`` has the best and the last epoch of each branch whose overfitting was drawn.

    ``done`` are the runs that were drawn, or, where each video has a picture, the videos.
    """

    stage: ClassVar[str] = "plot"
    ratios: list[RatioRow] = field(default_factory=list)
    ogr: list[OgrRow] = field(default_factory=list)

    @property
    def pictures(self) -> list[Path]:
        """The written files that are pictures, not tables."""
        suffixes = {f".{format}" for format in PictureFormat}
        return [path for path in map(Path, self.written) if path.suffix in suffixes]

    @property
    def facts(self) -> dict[str, object]:
        return {"pictures": len(self.pictures)}
