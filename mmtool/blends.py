"""What an estimate of Gradient-Blending has measured: by branch, and by the films that were held out."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BranchChange:
    """What one branch has learned from a copy of the network while some training films were held out.

    Attributes:
        epoch: The epoch, from 1, before which the copy was made.
        epochs: How many epochs the copy was trained.
        fold: Which films were held out, from 0.
        folds: How often other films are held out.
        branch: The name of the branch.
        gain: ΔG, by how much the loss of the films that were held out fell.
        overfitting: ΔO, by how much more the loss of the other films fell.
        held_out: L*, the loss of the films that were held out, before.
        left_out: The modalities that the joint branch did not see.
    """

    epoch: int
    epochs: int
    fold: int
    folds: int
    branch: str
    gain: float
    overfitting: float
    held_out: float
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BranchWeight:
    """The weight of a branch's loss, and the means of ΔG and ΔO over folds; None where weights were given."""

    weight: float
    gain: float | None = None
    overfitting: float | None = None


@dataclass(frozen=True, slots=True)
class BlendEstimate:
    """The weights of all branches from an epoch on, and the modalities that the joint branch does not see."""

    epoch: int
    epochs: int
    branches: Mapping[str, BranchWeight]
    left_out: tuple[str, ...] = ()
