"""Settings of ``balance``."""

from dataclasses import dataclass
from typing import Annotated

from mmtool.choices import BalanceRule, Split
from mmtool.errors import SettingError
from mmtool.settings.options import Option, Settings

LABELS, SAMPLE, OUTPUT = "Labels", "Sample", "Output"
ANNOTATIONS = "annotations"


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceSettings(Settings):
    """Which labels are balanced, how, and which split is written."""

    by: Annotated[
        str,
        Option(
            "Column of videos.csv with the labels of each video; annotations: the texts of its annotations.",
            heading=LABELS,
            metavar="COLUMN",
        ),
    ]
    separator: Annotated[
        str,
        Option(
            "What separates the labels in a cell.", heading=LABELS, default="any of ; | ,", metavar="TEXT"
        ),
    ] = ""
    minimum: Annotated[
        int,
        Option("Leave out labels of fewer videos than this.", heading=LABELS, at_least=1, metavar="M"),
    ] = 1
    target: Annotated[
        int | None,
        Option(
            "Videos that each label should have.",
            heading=SAMPLE,
            at_least=1,
            default="those of the rarest label",
            metavar="N",
        ),
    ] = None
    rule: Annotated[
        BalanceRule,
        Option(
            "How videos are drawn: literal, as published, falls short of the target; exact reaches it where "
            "each video has one label.",
            heading=SAMPLE,
        ),
    ] = BalanceRule.EXACT
    seed: Annotated[int, Option("Seed of the draw.", heading=SAMPLE, at_least=0)] = 0
    within: Annotated[
        Split | None,
        Option("Draw from this split.", heading=SAMPLE, default="all videos that are in no other split"),
    ] = None
    split: Annotated[Split, Option("Split to write.", heading=OUTPUT)] = Split.TRAIN
    force: Annotated[bool, Option("Replace an existing split.", heading=OUTPUT)] = False

    def check(self) -> None:
        if not self.by.strip():
            raise SettingError("by", "must be the name of a column of videos.csv, or annotations")
