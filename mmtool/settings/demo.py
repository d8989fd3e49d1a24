"""Settings of ``demo``."""

from dataclasses import dataclass
from typing import Annotated

from mmtool.settings.options import Option, Settings

MOVIES, TRAINING = "Movies", "Training"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSettings(Settings):
    """The size of the demo's corpus and of its training."""

    train: Annotated[int, Option("Movies to train on.", heading=MOVIES, at_least=1)] = 64
    val: Annotated[int, Option("Movies to validate on.", heading=MOVIES, at_least=1)] = 8
    test: Annotated[int, Option("Movies to measure on.", heading=MOVIES, at_least=1)] = 12
    epochs: Annotated[int, Option("Epochs of training.", heading=TRAINING, at_least=1)] = 80
    image_size: Annotated[
        int,
        Option(
            "Shorter side of the pictures that the detector reads, in pixels; more only takes longer.",
            heading=TRAINING,
            at_least=32,
        ),
    ] = 120
    proposals: Annotated[int, Option("Regions that the detector reads.", heading=TRAINING, at_least=1)] = 50
    seed: Annotated[int, Option("Seed of the movies.", heading=MOVIES, at_least=0)] = 0
