"""How far a training overfits: OGR (Wang, Tran & Feiszli, CVPR 2020, Section 3.1; supplement, Section 2)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Overfitting:
    """What was learned since the first of E measurements, by then; 0 at the first.

    Attributes:
        generalisation: (E,): G, by how much the validation loss has fallen.
        overfitting: (E,): O, by how much more the training loss has fallen.
        ratio: (E,): OGR = |O/G|; nan where the validation loss is what it was. A network that has learned
            little has a small ratio as well, and so has one whose validation loss has risen: look at G first.
    """

    generalisation: Array
    overfitting: Array
    ratio: Array


@dataclass(frozen=True, slots=True)
class OgrRow:
    """The losses of a run's branch after an epoch, in evaluation mode; G, O and OGR since the beginning.

    ``best`` marks the epoch of ``best.pt``. ``ratio`` is None where the validation loss has not changed.
    """

    run: str
    branch: str
    epoch: int
    train_loss: float
    validation_loss: float
    generalisation: float
    overfitting: float
    ratio: float | None
    best: bool = False


def overfitting(train: Array, validation: Array) -> Overfitting:
    """G, O and OGR of losses (E,) that were measured in one evaluation mode, from the first one on.

    Between two checkpoints, they are those of the two losses of each.
    """
    generalisation = validation[0] - validation
    memorised = (train[0] - train) - generalisation
    ratio = np.full(len(train), np.nan)
    np.divide(np.abs(memorised), np.abs(generalisation), out=ratio, where=generalisation != 0)
    return Overfitting(generalisation, memorised, ratio)
