"""Settings of ``experiment``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mmtool.choices import Split
from mmtool.errors import SettingError
from mmtool.settings.devices import AUTO, check_device
from mmtool.settings.options import Option, Settings
from mmtool.settings.run_names import check_runs
from mmtool.settings.tables import check_table
from mmtool.settings.train import INPUT, RUN, TRAINING, ComputeDevice, InitFrom, Threads

PLANS, OUTPUT = "the plan's", "Output"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentSettings(Settings):
    """Which plan runs, and what differs from it."""

    plan: str  # the name of a shipped plan, or the path of a .toml file
    seeds: Annotated[
        tuple[int, ...],
        Option("Seeds of each row, such as 0,1,2.", heading=RUN, default=PLANS, at_least=0, metavar="N,N,…"),
    ] = ()
    epochs: Annotated[
        int | None,
        Option("Number of epochs of every row.", heading=TRAINING, default="the presets'", at_least=1),
    ] = None
    split: Annotated[Split | None, Option("Split to measure.", heading=INPUT, default=PLANS)] = None
    runs: Annotated[str, Option("Prefix of the names of the runs.", heading=RUN, default=PLANS)] = ""
    video: Annotated[
        str,
        Option(
            "Video features for rows that name none.",
            heading=INPUT,
            default="the only ones",
            metavar="NAME",
            completion="features",
        ),
    ] = ""
    text: Annotated[
        str,
        Option(
            "Text features for rows that name none.",
            heading=INPUT,
            default="the only ones",
            metavar="NAME",
            completion="features",
        ),
    ] = ""
    init_from: InitFrom = ""  # for rows that finetune
    table: Annotated[
        Path | None,
        Option(
            "Also write the table of a plan of sets: a file that ends in .csv (shares), .md or .tex "
            "(percent).",
            heading=OUTPUT,
            metavar="FILE",
        ),
    ] = None
    device: ComputeDevice = AUTO
    threads: Threads = 0

    def check(self) -> None:
        check_runs(self.runs, setting="runs")
        check_device(self.device)
        check_table(self.table)
        if len(set(self.seeds)) != len(self.seeds):
            raise SettingError("seeds", f"must be different, not {', '.join(map(str, self.seeds))}")
