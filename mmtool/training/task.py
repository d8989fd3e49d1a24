"""What a training is of, as the loop sees it: the alignment network, or the matcher."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from mmtool.fusion_choices import JOINT
from mmtool.training.diagnostics import Diagnosis
from mmtool.training.epochs import EpochRecord
from mmtool.training.processes import Processes

BatchT = TypeVar("BatchT")
RecordT_co = TypeVar("RecordT_co", bound=EpochRecord, covariant=True)


@dataclass(frozen=True, slots=True)
class Part:
    """One term of a batch's loss, as this process sees its share of it.

    Attributes:
        loss: The mean over the elements of this process, with its gradient.
        sums: (k,): the sum of the loss over these elements; whatever else is measured of them; and last how
            many they are. The loop adds these up over processes and batches.
        weight: The weight of the term in the batch's loss.
        branch: The branch whose loss it belongs to.
    """

    loss: Tensor
    sums: Tensor
    weight: float = 1.0
    branch: str = JOINT


@dataclass(frozen=True, slots=True)
class Place:
    """Where training stands: the epoch and the batch in it, both from 1, and the processes."""

    epoch: int
    batch: int
    processes: Processes


class Observer(Protocol):
    """Observes an epoch within a ``with`` block, without changing it."""

    def see_gradients(self) -> None:
        """Hear that a batch's gradients are summed over processes, and not yet clipped."""

    def diagnosis(self) -> Diagnosis:
        """What was observed, in all processes; each calls it."""
        ...


class Task(Protocol[BatchT, RecordT_co]):
    """A network, its batches, their loss in named parts, and how it is measured.

    ``parts`` depends on nothing but the batch and the network's mode, so that the loss of other data, or in
    evaluation mode, is measured by the same function.
    """

    @property
    def network(self) -> nn.Module: ...

    def batches(self, epoch: int, processes: Processes, /) -> Iterable[BatchT]:
        """This process's part of each batch of an epoch, which may be empty."""
        ...

    def steps(self, epoch: int, /) -> int:
        """How many batches an epoch has."""
        ...

    def parts(self, batch: BatchT, place: Place, /) -> Mapping[str, Part]:
        """The terms of a batch's loss: the same names in each process and in each batch."""
        ...

    def films(self, batch: BatchT) -> str:
        """Which data a batch is of, for a message."""
        ...

    def observer(self, processes: Processes, /) -> AbstractContextManager[Observer]:
        """What diagnoses an epoch."""
        ...

    def probes(self) -> "Mapping[str, Task[BatchT, RecordT_co]]":
        """``train`` and ``validation``: equally many films of both splits, and the loss to compare on them.

        The films are the same in each epoch, as are their batches and all chance; nothing is augmented.
        Empty without a validation split.
        """
        ...

    def shares_of_updates(self) -> Mapping[nn.Parameter, float]:
        """By how much of an optimiser's update parameters change, where it is not all of it.

        Adam and LARS do not heed the scale of a gradient, so that the weight of a branch alone would not slow
        down what no other branch reaches.
        """
        ...

    def validated(self) -> dict[str, float] | None:
        """The measures of the validation videos, by the record's fields; None if there are none."""
        ...

    def remeasured(self) -> dict[str, float] | None:
        """The measures of the training videos, by the record's fields; None if there are none."""
        ...

    def record(
        self,
        totals: Mapping[str, list[float]],
        measured: Mapping[str, Any],
        *,
        epoch: int,
        learning_rate: float,
        seconds: float,
        diagnostics: Diagnosis,
    ) -> RecordT_co:
        """The record of an epoch, from the sums of its parts and from what was measured after it."""
        ...


def weighted(parts: Mapping[str, Part], totals: Mapping[str, Tensor]) -> Tensor:
    """This process's share of the loss of the global batch.

    Args:
        parts: The terms, each a mean over this process's elements.
        totals: The same terms' sums over all processes.
    """
    loss: Tensor | None = None
    for name, part in parts.items():
        share = part.loss * (part.sums[-1] / totals[name][-1].clamp(min=1)).float()
        if part.weight != 1:
            share = share * part.weight
        loss = share if loss is None else loss + share
    if loss is None:
        raise ValueError("a batch without a loss")
    return loss


def mean(totals: list[float]) -> float:
    """The mean of a part's loss over its elements; 0 where there are none."""
    return totals[0] / totals[-1] if totals[-1] else 0.0


class Unobserved:
    """The observer of a task without diagnoses."""

    def __enter__(self) -> "Unobserved":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def see_gradients(self) -> None:
        pass

    def diagnosis(self) -> Diagnosis:
        return Diagnosis()


def seed_chance(seed: int, epoch: int, rank: int) -> None:
    """Let dropout of an epoch depend on the seed, the epoch and the process only."""
    torch.manual_seed(seed * 1_000_003 + epoch + 1_000_000_007 * rank)
