"""Settings of ``demo``."""

from dataclasses import dataclass
from typing import Annotated

from mmtool.choices import DemoAligner
from mmtool.settings.options import Option, Settings

MOVIES, TRAINING = "Movies", "Training"
NETWORK_EPOCHS, MATCHER_EPOCHS = 80, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSettings(Settings):
    """The size of the demo's corpus and of its training."""

    train: Annotated[int, Option("Movies to train on.", heading=MOVIES, at_least=1)] = 64
    val: Annotated[int, Option("Movies to validate on.", heading=MOVIES, at_least=1)] = 8
    test: Annotated[int, Option("Movies to measure on.", heading=MOVIES, at_least=1)] = 12
    aligner: Annotated[
        DemoAligner,
        Option(
            "What is trained: the matcher, whose scores are aligned, or the alignment network.",
            heading=TRAINING,
        ),
    ] = DemoAligner.MATCHER
    epochs: Annotated[
        int,
        Option(
            "Epochs of training.",
            heading=TRAINING,
            at_least=0,
            default="16 for the matcher, 80 for the network",
        ),
    ] = 0
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

    @property
    def training_epochs(self) -> int:
        """The epochs of what is trained."""
        return self.epochs or (NETWORK_EPOCHS if self.aligner is DemoAligner.NETWORK else MATCHER_EPOCHS)
