"""Optimisers, and how the learning rate changes while a network is trained."""

from typing import Any, Protocol

import torch
from torch import nn

from mmtool.choices import Optimizer
from mmtool.settings.matcher import MatcherSettings
from mmtool.settings.train import TrainSettings
from mmtool.training.lars import LarsAdam

BETAS = (0.9, 0.98)  # of AdamW, as in VLMo


class Rates(Protocol):
    """Sets the learning rate of an optimiser."""

    def begin(self, epoch: int) -> None:
        """Set the rate of an epoch."""

    def step(self, epoch: int, batch: int, steps: int) -> None:
        """Set the rate of a batch, from 1, of an epoch of so many."""

    def end(self, epoch: int, loss: float) -> None:
        """Hear the loss of an epoch."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


def make_optimizer(network: nn.Module, settings: TrainSettings | MatcherSettings) -> torch.optim.Optimizer:
    """The optimiser of the settings: Adam, LARS on top of Adam, or AdamW for the matcher."""
    rate, decay = settings.learning_rate, settings.weight_decay
    if isinstance(settings, MatcherSettings):
        return torch.optim.AdamW(_decaying(network, decay), lr=rate, betas=BETAS, fused=True)
    if settings.optimizer is Optimizer.LARS:
        return LarsAdam(network.parameters(), lr=rate, weight_decay=decay)
    return torch.optim.Adam(network.parameters(), lr=rate, weight_decay=decay)


def _decaying(network: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Matrices with weight decay; biases, normalisation and scales without, as in BEiT and VLMo."""
    matrices = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def make_rates(optimizer: torch.optim.Optimizer, settings: TrainSettings | MatcherSettings) -> Rates:
    """The learning rates of the settings."""
    if isinstance(settings, MatcherSettings):
        return LinearRates(optimizer, settings)
    return PlateauRates(optimizer, settings)


class PlateauRates:
    """Warms up linearly, epoch by epoch, then halves the rate where the loss does not fall."""

    def __init__(self, optimizer: torch.optim.Optimizer, settings: TrainSettings) -> None:
        self._optimizer, self._settings = optimizer, settings
        self._scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, factor=0.5, patience=settings.halve_after - 1
        )

    def begin(self, epoch: int) -> None:
        warmup = warmup_rate(self._settings, epoch)
        if warmup is not None:
            _set(self._optimizer, warmup)
        elif epoch == self._settings.warmup_epochs + 1:
            _set(self._optimizer, self._settings.learning_rate)

    def step(self, epoch: int, batch: int, steps: int) -> None:
        pass

    def end(self, epoch: int, loss: float) -> None:
        if warmup_rate(self._settings, epoch) is None:
            self._scheduler.step(loss)

    def state_dict(self) -> dict[str, Any]:
        state: dict[str, Any] = self._scheduler.state_dict()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._scheduler.load_state_dict(state)


class LinearRates:
    """Warms up linearly, batch by batch, then falls linearly to 0 at the end (VLMo, Appendix B)."""

    def __init__(self, optimizer: torch.optim.Optimizer, settings: MatcherSettings) -> None:
        self._optimizer, self._settings = optimizer, settings

    def begin(self, epoch: int) -> None:
        pass

    def step(self, epoch: int, batch: int, steps: int) -> None:
        _set(self._optimizer, linear_rate(self._settings, epoch - 1 + (batch - 0.5) / steps))

    def end(self, epoch: int, loss: float) -> None:
        pass

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


def warmup_rate(settings: TrainSettings, epoch: int) -> float | None:
    """The learning rate of a warm-up epoch (from 1), or None after the warm-up."""
    if epoch > settings.warmup_epochs:
        return None
    share = (epoch - 1) / settings.warmup_epochs
    return settings.warmup_from + share * (settings.learning_rate - settings.warmup_from)


def linear_rate(settings: MatcherSettings, reached: float) -> float:
    """The learning rate after ``reached`` epochs, which need not be whole."""
    warmup = min(settings.warmup_epochs, settings.epochs)
    if reached < warmup:
        return settings.learning_rate * reached / warmup
    left = max(0.0, settings.epochs - reached)
    return settings.learning_rate * left / max(settings.epochs - warmup, 1e-9)


def _set(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
