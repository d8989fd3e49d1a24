"""The training loop: gradient clipping, learning rates, early stopping, resuming."""

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Protocol

import torch
from torch import nn

from mmtool.blends import BranchWeight
from mmtool.choices import Precision
from mmtool.errors import CallError
from mmtool.settings.matcher import MatcherSettings
from mmtool.settings.train import TrainSettings
from mmtool.training.probing import of_branches, probe
from mmtool.training.processes import ALONE, Processes
from mmtool.training.rates import Rates, make_optimizer, make_rates
from mmtool.training.task import BatchT, Observer, Place, RecordT_co, Task, mean, seed_chance, weighted


@dataclass(slots=True)
class TrainingState:
    """Everything that training needs to continue after an epoch as if it had never stopped."""

    epoch: int = 0
    best_score: float = -math.inf
    best_epoch: int = 0
    optimizer: dict[str, Any] = field(default_factory=dict)
    scheduler: dict[str, Any] = field(default_factory=dict)


class Weighing(Protocol):
    """Sets the weights of the branches of a loss."""

    current: dict[str, BranchWeight]

    def before(self, epoch: int, rate: float) -> None:
        """Set the weights of an epoch, from 1, before which the learning rate was ``rate``."""
        ...


def fit(
    task: Task[BatchT, RecordT_co],
    settings: TrainSettings | MatcherSettings,
    *,
    state: TrainingState,
    processes: Processes = ALONE,
    weighing: Weighing | None = None,
) -> Iterator[RecordT_co]:
    """Continue training from ``state``, and update it and yield a record after each epoch, in every process.

    The order of samples and all chance depend only on the seed and the epoch, so a resumed training ends
    with the same weights as an uninterrupted one; on GPUs, which add in changing order, apart from rounding.

    Args:
        task: What is trained: a network on its device, its batches and measures.
        settings: The settings of the training.
        state: Where training stands; a new state starts it.
        processes: The processes that train together.
        weighing: What weighs the branches of the loss; without it, the task's own weights hold.

    Raises:
        CallError: The loss is not finite.
    """
    optimizer = make_optimizer(task.network, settings)
    rates = make_rates(optimizer, settings)
    before: dict[str, float] = {}
    if state.epoch:
        optimizer.load_state_dict(state.optimizer)
        rates.load_state_dict(state.scheduler)
    else:
        before = processes.agree_on(probe(task, settings.precision) if processes.leads else {})
    while state.epoch < settings.epochs and not _stalled(state, settings):
        epoch, started = state.epoch + 1, time.perf_counter()
        if weighing is not None:
            weighing.before(epoch, optimizer.param_groups[0]["lr"])
        rates.begin(epoch)
        with task.observer(processes) as observer:
            totals, loss = train_epoch(task, settings, optimizer, rates, epoch, observer, processes)
        rate = optimizer.param_groups[0]["lr"]
        rates.end(epoch, loss)
        measured, losses = _measured(task, settings, epoch, processes)
        record = task.record(
            totals,
            measured,
            epoch=epoch,
            learning_rate=rate,
            seconds=time.perf_counter() - started,
            diagnostics=observer.diagnosis(),
        )
        record = replace(
            record, losses=of_branches(losses), initial_losses=of_branches(before if epoch == 1 else {})
        )
        if weighing is not None:
            record = replace(record, blend=weighing.current)
        state.epoch = epoch
        state.optimizer, state.scheduler = optimizer.state_dict(), rates.state_dict()
        if record.score is not None and record.score > state.best_score:
            state.best_score, state.best_epoch = record.score, epoch
        yield record


def _measured(
    task: Task[BatchT, RecordT_co],
    settings: TrainSettings | MatcherSettings,
    epoch: int,
    processes: Processes,
) -> tuple[dict[str, float], dict[str, float]]:
    """The measures and the losses of probes, by the leading process; all continue with its numbers."""
    last, every = epoch == settings.epochs, settings.train_measures_every
    found: dict[str, float] = {}
    losses: dict[str, float] = {}
    if processes.leads:
        if last or epoch % settings.validate_every == 0:
            found |= task.validated() or {}
            losses = probe(task, settings.precision)
        if every and (last or epoch % every == 0):
            found |= task.remeasured() or {}
    return processes.agree_on(found), processes.agree_on(losses)


def _stalled(state: TrainingState, settings: TrainSettings | MatcherSettings) -> bool:
    if not state.best_epoch:
        return False  # nothing has been validated yet
    return settings.early_stopping > 0 and state.epoch - state.best_epoch >= settings.early_stopping


def train_epoch(
    task: Task[BatchT, RecordT_co],
    settings: TrainSettings | MatcherSettings,
    optimizer: torch.optim.Optimizer,
    rates: Rates,
    epoch: int,
    observer: Observer,
    processes: Processes,
) -> tuple[dict[str, list[float]], float]:
    """Train one epoch; the sums of each part of the loss over all its elements, and the mean loss."""
    network, steps = task.network, math.ceil(settings.epoch_share * task.steps(epoch))
    network.train()
    seed_chance(settings.seed, epoch, processes.rank)
    device = next(network.parameters()).device
    totals: dict[str, torch.Tensor] = {}
    weights: dict[str, float] = {}
    for number, batch in enumerate(islice(task.batches(epoch, processes), steps), start=1):
        rates.step(epoch, number, steps)
        with torch.autocast(device.type, torch.bfloat16, enabled=settings.precision is Precision.BF16):
            parts = task.parts(batch, Place(epoch, number, processes))
        batch_totals = {name: processes.total(part.sums.double()) for name, part in parts.items()}
        _check(task, batch, batch_totals, epoch, number)
        for name, sums in batch_totals.items():
            totals[name] = totals.get(name, torch.zeros_like(sums, device="cpu")) + sums.cpu()
        weights |= {name: part.weight for name, part in parts.items()}
        loss = weighted(parts, batch_totals)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        processes.sum_gradients(network.parameters())
        observer.see_gradients()
        nn.utils.clip_grad_norm_(network.parameters(), settings.clip_norm)
        with reaching(task.shares_of_updates()):
            optimizer.step()
    sums_of = {name: sums.tolist() for name, sums in totals.items()}
    return sums_of, sum(weights[name] * mean(sums) for name, sums in sums_of.items())


@contextmanager
def reaching(shares: Mapping[nn.Parameter, float]) -> Iterator[None]:
    """Let a step of an optimiser within the block change parameters only by a share of its update."""
    before = {parameter: parameter.detach().clone() for parameter in shares}
    yield
    with torch.no_grad():
        for parameter, share in shares.items():
            parameter.copy_(torch.lerp(before[parameter], parameter, share))


def _check(
    task: Task[BatchT, RecordT_co],
    batch: BatchT,
    totals: Mapping[str, torch.Tensor],
    epoch: int,
    number: int,
) -> None:
    for sums in totals.values():
        if not torch.isfinite(sums[0]):
            raise CallError(
                f"the loss became {sums[0].item()} in epoch {epoch}, batch {number} "
                f"(samples of {task.films(batch)}); lower the `learning_rate` or check the features of these "
                "ids; the last checkpoint is intact"
            )
