"""The loss of training and of validation films in one evaluation mode, from which overfitting is measured."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import torch

from mmtool.choices import Precision
from mmtool.training.epochs import EpochRecord, Losses
from mmtool.training.processes import ALONE
from mmtool.training.task import BatchT, Place, RecordT_co, Task, mean

T = TypeVar("T")
TRAIN, VALIDATION = "train", "validation"
FIXED = 0  # the epoch whose order and chance all measurements have; training begins with 1


def few_of(films: Sequence[T], count: int) -> list[T]:
    """At most ``count`` films in their order, at equal distances: the same ones in each run of a corpus."""
    count = min(count, len(films))
    return [films[(2 * number + 1) * len(films) // (2 * count)] for number in range(count)]


def probe(task: Task[BatchT, RecordT_co], precision: Precision) -> dict[str, float]:
    """The losses of the task's probes by branch, as ``train/<branch>`` and ``validation/<branch>``.

    Neither the network nor the state of chance is changed: statistics are not updated, nothing is dropped.
    """
    found = {}
    for name, films in task.probes().items():
        for branch, loss in mean_losses(films, precision).items():
            found[f"{name}/{branch}"] = loss
    return found


def of_branches(found: Mapping[str, float]) -> dict[str, Losses]:
    """What :func:`probe` has found, for the branches with both losses."""
    branches = [name.removeprefix(f"{TRAIN}/") for name in found if name.startswith(f"{TRAIN}/")]
    return {
        branch: Losses(found[f"{TRAIN}/{branch}"], found[f"{VALIDATION}/{branch}"])
        for branch in branches
        if f"{VALIDATION}/{branch}" in found
    }


@torch.no_grad()
def mean_losses(task: Task[BatchT, EpochRecord], precision: Precision) -> dict[str, float]:
    """The mean loss of a task's films by branch, in evaluation mode; its parts are added unweighted."""
    network = task.network
    device, mode = next(network.parameters()).device, network.training
    totals: dict[tuple[str, str], torch.Tensor] = {}
    network.eval()
    try:
        for number, batch in enumerate(task.batches(FIXED, ALONE), start=1):
            with torch.autocast(device.type, torch.bfloat16, enabled=precision is Precision.BF16):
                parts = task.parts(batch, Place(FIXED, number, ALONE))
            for name, part in parts.items():
                key, sums = (part.branch, name), part.sums.double().cpu()
                totals[key] = totals.get(key, torch.zeros_like(sums)) + sums
    finally:
        network.train(mode)
    losses: dict[str, float] = {}
    for (branch, _), sums in totals.items():
        losses[branch] = losses.get(branch, 0.0) + mean(sums.tolist())
    return losses
