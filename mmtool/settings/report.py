"""Settings of ``report``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mmtool.choices import Split
from mmtool.errors import SettingError
from mmtool.settings.options import Option, Settings
from mmtool.settings.run_names import check_runs

INPUT, OUTPUT = "Input", "Output"
NARROWEST = 16  # pixels of a thumbnail


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSettings(Settings):
    """Which alignments a page shows, and where it is written."""

    runs: Annotated[
        tuple[str, ...],
        Option(
            "Alignments to show; repeat the option to show several side by side.",
            heading=INPUT,
            flag="run",
            default="the corpus's only run",
            metavar="RUN",
            completion="runs",
        ),
    ] = ()
    split: Annotated[Split | None, Option("Split to show.", heading=INPUT, default="all aligned videos")] = (
        None
    )
    explain: Annotated[
        str,
        Option(
            "Run of a trained matcher, or a published model (blip, vilt, or the folder of one), that shows "
            "what in a clip answers to which word, for the first of the alignments.",
            heading=INPUT,
            default="none",
            metavar="RUN|NAME|FOLDER",
            completion="runs",
        ),
    ] = ""
    output: Annotated[
        Path | None,
        Option("HTML file to write.", heading=OUTPUT, short="o", default="reports/RUN.html", metavar="FILE"),
    ] = None
    thumbnail_width: Annotated[
        int,
        Option(
            "Width of the clips' thumbnails in pixels, 16 to 640; 0 omits them.",
            heading=OUTPUT,
            at_least=0,
            at_most=640,
        ),
    ] = 128

    def check(self) -> None:
        check_runs(*self.runs, setting="runs")
        if "/" not in self.explain:  # which is the folder of a published model
            check_runs(self.explain, setting="explain")
        if len(set(self.runs)) < len(self.runs):
            raise SettingError("runs", f"must name each run once, not {', '.join(self.runs)}")
        if 0 < self.thumbnail_width < NARROWEST:
            raise SettingError(
                "thumbnail_width", f"must be 0 or at least {NARROWEST}, not {self.thumbnail_width}"
            )
