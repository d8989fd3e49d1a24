"""Settings of ``evaluate``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mmtool.choices import Split
from mmtool.settings.options import Option, Settings
from mmtool.settings.run_names import TIMING, check_runs
from mmtool.settings.tables import check_table

INPUT, INTERVALS, OUTPUT = "Input", "Confidence intervals", "Output"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateSettings(Settings):
    """Which alignments are measured."""

    run: Annotated[
        str,
        Option(
            "Alignments to measure: the name of the run, or the decoder's where there was no run.",
            heading=INPUT,
            default=f"{TIMING}, otherwise the only one",
            metavar="RUN",
            completion="runs",
        ),
    ] = ""
    split: Annotated[
        Split | None, Option("Split to measure.", heading=INPUT, default="all annotated videos")
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
        check_runs(self.run)
        check_table(self.table)
