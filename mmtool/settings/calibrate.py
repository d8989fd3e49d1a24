"""Settings of ``calibrate``."""

from dataclasses import dataclass
from typing import Annotated

from mmtool.choices import Split
from mmtool.settings.align import TRAINED_WITH
from mmtool.settings.devices import AUTO, check_device
from mmtool.settings.options import Option, Settings
from mmtool.settings.run_names import check_run_name
from mmtool.settings.train import ComputeDevice

INPUT = "Input"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrateSettings(Settings):
    """Which run is calibrated, with which annotated videos."""

    run: Annotated[
        str,
        Option(
            "Run of a network.",
            heading=INPUT,
            default="the only one",
            metavar="RUN",
            completion="runs",
        ),
    ] = ""
    split: Annotated[
        Split,
        Option("Split of annotated videos that the network was not trained on.", heading=INPUT),
    ] = Split.VAL
    video: Annotated[
        str,
        Option("Video features.", heading=INPUT, default=TRAINED_WITH, metavar="NAME", completion="features"),
    ] = ""
    text: Annotated[
        str,
        Option("Text features.", heading=INPUT, default=TRAINED_WITH, metavar="NAME", completion="features"),
    ] = ""
    device: ComputeDevice = AUTO

    def check(self) -> None:
        check_device(self.device)
        check_run_name(self.run)
