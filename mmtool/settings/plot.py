"""Settings of ``plot``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mmtool.choices import PictureFormat, Plot, Split
from mmtool.errors import SettingError
from mmtool.settings.options import Option, Settings
from mmtool.settings.run_names import check_runs

INPUT, OUTPUT = "Input", "Output"
OF_VIDEOS = frozenset({Plot.ALIGNMENT, Plot.PROGRESS, Plot.CONFUSION})  # drawn from single alignments
OF_TRAINING = frozenset({Plot.TRAINING, Plot.RATIOS, Plot.DRIFT, Plot.ALL, Plot.OGR})  # drawn from runs/


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotSettings(Settings):
    """Which runs are drawn together, and where the plots are written."""

    what: Annotated[
        Plot,
        Option(
            "What to plot. Of training: loss and accuracy (training), the paper's Figs. 4 and 5 (ratios, "
            "drift), all three, or generalisation and overfitting (ogr). Of alignments: how reliable the "
            "confidence is, each video's alignment, the accuracy over the progress of a video, or which "
            "labels are mistaken for which (confusion).",
            heading=INPUT,
        ),
    ] = Plot.ALL
    runs: Annotated[
        tuple[str, ...],
        Option(
            "Run to plot; repeat the option to plot several together.",
            heading=INPUT,
            flag="run",
            default="the corpus's only run",
            metavar="RUN",
            completion="runs",
        ),
    ] = ()
    videos: Annotated[
        tuple[str, ...],
        Option(
            "Video to plot; repeat the option for several (alignment, progress and confusion only).",
            heading=INPUT,
            flag="video",
            default="all aligned videos",
            metavar="ID",
        ),
    ] = ()
    split: Annotated[
        Split | None,
        Option(
            "Split to plot (alignment, progress and confusion only).",
            heading=INPUT,
            default="all aligned videos",
        ),
    ] = None
    output: Annotated[
        Path | None,
        Option(
            "Folder to write to.", heading=OUTPUT, short="o", default="plots/ of the corpus", metavar="FOLDER"
        ),
    ] = None
    format: Annotated[PictureFormat, Option("File format.", heading=OUTPUT)] = PictureFormat.PNG

    def check(self) -> None:
        check_runs(*self.runs, setting="runs")
        for name, given in (("videos", self.videos), ("split", self.split)):
            if given and self.what not in OF_VIDEOS:
                raise SettingError(name, f"has no effect with `what={self.what}`")
