"""The training loop: teacher forcing, gradient clipping, warm-up, halving, early stopping, resuming."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from mmtool.alignment.network.batch import NO_ACTION
from mmtool.alignment.network.model import AlignmentNetwork
from mmtool.choices import Optimizer, Precision
from mmtool.errors import CallError
from mmtool.settings.train import TrainSettings
from mmtool.training.diagnostics import Diagnosis, Diagnostics
from mmtool.training.lars import LarsAdam
from mmtool.training.processes import ALONE, Processes
from mmtool.training.samples import Batch, Sample, epoch_batches

Measure = Callable[[AlignmentNetwork], tuple[float, float]]  # → video accuracy, text IoU


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """The measures of one epoch; epochs are numbered from 1."""

    epoch: int
    loss: float
    action_accuracy: float  # of the training samples, under teacher forcing
    learning_rate: float
    seconds: float
    video_accuracy: float | None = None  # of the validation videos
    text_iou: float | None = None
    train_video_accuracy: float | None = None  # of the training videos, decoded as in validation
    train_text_iou: float | None = None
    diagnostics: Diagnosis = field(default_factory=Diagnosis)

    @property
    def score(self) -> float | None:
        """The validation score by which the best checkpoint is chosen and training stops early."""
        if self.video_accuracy is None or self.text_iou is None:
            return None
        return self.video_accuracy + self.text_iou


OnEpoch = Callable[[EpochRecord], None]


@dataclass(slots=True)
class TrainingState:
    """Everything that training needs to continue after an epoch as if it had never stopped."""

    epoch: int = 0
    best_score: float = -math.inf
    best_epoch: int = 0
    optimizer: dict[str, Any] = field(default_factory=dict)
    scheduler: dict[str, Any] = field(default_factory=dict)


def make_optimizer(network: nn.Module, settings: TrainSettings) -> torch.optim.Optimizer:
    """The optimiser of the settings: Adam, or LARS on top of Adam."""
    if settings.optimizer is Optimizer.LARS:
        return LarsAdam(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    return torch.optim.Adam(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )


def make_scheduler(
    optimizer: torch.optim.Optimizer, settings: TrainSettings
) -> torch.optim.lr_scheduler.ReduceLROnPlateau:
    """The scheduler that halves the learning rate where the loss does not fall."""
    return torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=settings.halve_after - 1
    )


def warmup_rate(settings: TrainSettings, epoch: int) -> float | None:
    """The learning rate of a warm-up epoch (from 1), or None after the warm-up."""
    if epoch > settings.warmup_epochs:
        return None
    share = (epoch - 1) / settings.warmup_epochs
    return settings.warmup_from + share * (settings.learning_rate - settings.warmup_from)


def fit(
    network: AlignmentNetwork,
    samples: Sequence[Sample],
    settings: TrainSettings,
    *,
    state: TrainingState,
    validate: Measure | None = None,
    measure_training: Measure | None = None,
    processes: Processes = ALONE,
) -> Iterator[EpochRecord]:
    """Continue training from ``state``, and update it and yield a record after each epoch, in every process.

    The order of samples and the dropout depend only on the seed and the epoch, so a resumed training ends
    with the same weights as an uninterrupted one; on GPUs, which add in changing order, apart from rounding.

    Args:
        network: The network, on its device.
        samples: All training samples.
        settings: The settings of the training.
        state: Where training stands; a new state starts it.
        validate: Returns video accuracy and text IoU (0..1) of the validation videos.
        measure_training: Returns the same for the training videos.
        processes: The processes that train together.

    Raises:
        CallError: The loss is not finite.
    """
    optimizer = make_optimizer(network, settings)
    scheduler = make_scheduler(optimizer, settings)
    if state.epoch:
        optimizer.load_state_dict(state.optimizer)
        scheduler.load_state_dict(state.scheduler)
    while state.epoch < settings.epochs and not _stalled(state, settings):
        epoch, started = state.epoch + 1, time.perf_counter()
        warmup = warmup_rate(settings, epoch)
        for group in optimizer.param_groups:
            if warmup is not None:
                group["lr"] = warmup
            elif epoch == settings.warmup_epochs + 1:
                group["lr"] = settings.learning_rate
        rate = optimizer.param_groups[0]["lr"]
        with Diagnostics(network, processes) as diagnostics:
            loss, accuracy = _train_epoch(
                network, samples, settings, optimizer, epoch, diagnostics, processes
            )
        if warmup is None:
            scheduler.step(loss)
        last = epoch == settings.epochs
        scores: tuple[float | None, float | None] = (None, None)
        train_scores = scores
        if validate is not None and (last or epoch % settings.validate_every == 0):
            scores = _measured(validate, network, processes)
        every = settings.train_measures_every
        if measure_training is not None and every and (last or epoch % every == 0):
            train_scores = _measured(measure_training, network, processes)
        seconds = time.perf_counter() - started
        record = EpochRecord(
            epoch, loss, accuracy, rate, seconds, *scores, *train_scores, diagnostics.diagnosis()
        )
        state.epoch = epoch
        state.optimizer, state.scheduler = optimizer.state_dict(), scheduler.state_dict()
        if record.score is not None and record.score > state.best_score:
            state.best_score, state.best_epoch = record.score, epoch
        yield record


def _measured(measure: Measure, network: AlignmentNetwork, processes: Processes) -> tuple[float, float]:
    """Measure in the leading process; all processes continue with its numbers."""
    video_accuracy, text_iou = processes.agree(measure(network) if processes.leads else (0.0, 0.0))
    return video_accuracy, text_iou


def _stalled(state: TrainingState, settings: TrainSettings) -> bool:
    if not state.best_epoch:
        return False  # nothing has been validated yet
    return settings.early_stopping > 0 and state.epoch - state.best_epoch >= settings.early_stopping


def _train_epoch(
    network: AlignmentNetwork,
    samples: Sequence[Sample],
    settings: TrainSettings,
    optimizer: torch.optim.Optimizer,
    epoch: int,
    diagnostics: Diagnostics,
    processes: Processes,
) -> tuple[float, float]:
    """Loss and action accuracy, both averaged over all real actions of the epoch."""
    network.train()
    torch.manual_seed(settings.seed * 1_000_003 + epoch + 1_000_000_007 * processes.rank)  # dropout
    device = next(network.parameters()).device
    totals = torch.zeros(3, dtype=torch.float64)  # loss, right actions, actions
    batches = epoch_batches(
        samples, batch_size=settings.batch_size, seed=settings.seed, epoch=epoch, processes=processes
    )
    for number, batch in enumerate(batches, start=1):
        traces = batch.traces.to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=settings.precision is Precision.BF16):
            logits = network(batch.clips.to(device), batch.snippets.to(device), traces)
        logits = logits.float().flatten(0, 1)
        gold = traces.actions.flatten()
        count = (gold != NO_ACTION).sum()
        loss = logits.sum() * 0.0  # this process has no part of the batch
        if count:
            loss = nn.functional.cross_entropy(
                logits, gold, ignore_index=NO_ACTION, label_smoothing=settings.label_smoothing
            )
        right = (logits.argmax(dim=-1) == gold).sum()
        batch_totals = processes.total(torch.stack([loss.detach() * count, right, count]).double())
        if not torch.isfinite(batch_totals[0]):
            raise CallError(_diverged(batch_totals[0].item(), epoch, number, batch))
        totals += batch_totals.cpu()
        loss = loss * (count / batch_totals[2]).float()  # share of the mean over the global batch
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        processes.sum_gradients(network.parameters())
        diagnostics.see_gradients()
        nn.utils.clip_grad_norm_(network.parameters(), settings.clip_norm)
        optimizer.step()
    loss_sum, right_actions, actions = totals.tolist()
    return loss_sum / actions, right_actions / actions


def _diverged(loss: float, epoch: int, number: int, batch: Batch) -> str:
    ids = ", ".join(dict.fromkeys(batch.ids))
    return (
        f"the loss became {loss} in epoch {epoch}, batch {number} (samples of {ids}); "
        "lower the `learning_rate` or check the features of these ids; the last checkpoint is intact"
    )
