"""Settings of ``compare``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mmtool.choices import Split
from mmtool.errors import SettingError
from mmtool.settings.options import Option, Settings
from mmtool.settings.run_names import check_runs
from mmtool.settings.tables import check_table

INPUT, INTERVALS, OUTPUT = "Input", "Confidence intervals", "Output"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareSettings(Settings):
    """Which runs are compared with the first of them, and on which videos."""

    runs: Annotated[
        tuple[str, ...],
        Option(
            "Alignments to compare; repeat the option. The first run is the reference.",
            heading=INPUT,
            flag="run",
            metavar="RUN",
            completion="runs",
        ),
    ]
    split: Annotated[
        Split | None, Option("Split to compare on.", heading=INPUT, default="all annotated videos")
    ] = None
    resamples: Annotated[
        int, Option("Bootstrap samples, drawn from the videos.", heading=INTERVALS, at_least=1)
    ] = 1000
    confidence: Annotated[float, Option("Confidence level.", heading=INTERVALS, above=0, below=1)] = 0.95
    seed: Annotated[int, Option("Seed of the bootstrap.", heading=INTERVALS, at_least=0)] = 0
    table: Annotated[
        Path | None,
        Option(
            "Also write the measures as a table: a file that ends in .csv (shares), .md or .tex (percent).",
            heading=OUTPUT,
            metavar="FILE",
        ),
    ] = None

    def check(self) -> None:
        check_runs(*self.runs, setting="runs")
        check_table(self.table)
        if len(set(self.runs)) < 2 or len(set(self.runs)) < len(self.runs):
            raise SettingError(
                "runs", f"must name at least two different runs, each once, not {', '.join(self.runs)}"
            )
