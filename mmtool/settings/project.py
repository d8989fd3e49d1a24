"""Settings of ``project``."""

from dataclasses import dataclass
from typing import Annotated

from mmtool.fusion_choices import Missing
from mmtool.settings.options import Option, Settings

INPUT, PROJECTION, OUTPUT = "Input", "Projection", "Output"
ONLY = "the only ones of the corpus"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSettings(Settings):
    """Random projection (Eq. 13) of one features file of each modality."""

    video: Annotated[
        str,
        Option(
            "Video features to project; A+B joins two.",
            heading=INPUT,
            default=ONLY,
            metavar="NAME",
            completion="features",
        ),
    ] = ""
    text: Annotated[
        str,
        Option(
            "Text features to project; A+B joins two.",
            heading=INPUT,
            default=ONLY,
            metavar="NAME",
            completion="features",
        ),
    ] = ""
    missing: Annotated[
        Missing,
        Option(
            "Whether training films without features are errors, or left out of mean and variance (zero).",
            heading=INPUT,
        ),
    ] = Missing.FAIL
    dimension: Annotated[
        int, Option("Dimensions after projection.", heading=PROJECTION, at_least=1, flag="dim")
    ] = 300
    seed: Annotated[int, Option("Seed of the random matrix.", heading=PROJECTION, at_least=0)] = 0
    force: Annotated[bool, Option("Project again, replacing earlier projected features.", heading=OUTPUT)] = (
        False
    )
