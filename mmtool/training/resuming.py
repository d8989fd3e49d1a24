"""Whether a stored state of a training is one that its optimiser and scheduler can continue from."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import nn

from mmtool.settings.matcher import MatcherSettings
from mmtool.settings.train import TrainSettings
from mmtool.training.lars import LarsAdam
from mmtool.training.loop import TrainingState
from mmtool.training.rates import make_optimizer, make_rates


def check_state(network: nn.Module, settings: TrainSettings | MatcherSettings, state: TrainingState) -> None:
    """Raise ValueError or TypeError unless training can continue from the state.

    Both optimisers keep a count of steps and two averages of each parameter. PyTorch checks only how many
    parameters there are, and would fail, or go on with something else, in the first step.
    """
    optimizer = make_optimizer(network, settings)
    rates = make_rates(optimizer, settings)
    averages = {"mean", "square"} if isinstance(optimizer, LarsAdam) else {"exp_avg", "exp_avg_sq"}
    groups, plan = deepcopy(optimizer.state_dict()["param_groups"]), deepcopy(rates.state_dict())
    _require_keys(state.optimizer, {"state", "param_groups"})
    for stored, own in zip(state.optimizer["param_groups"], groups, strict=True):
        _require_like(stored, own)
    _require_like(state.scheduler, plan)
    for entry in state.optimizer["state"].values():
        _require_keys(entry, {"step", *averages})
    optimizer.load_state_dict(state.optimizer)
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    if not optimizer.state.keys() <= set(parameters):
        raise ValueError("averages of parameters that the network does not have")
    for parameter, entry in optimizer.state.items():
        if not torch.as_tensor(entry["step"]).ndim == 0 or not entry["step"] >= 0:
            raise ValueError("a count of steps that is none")
        for name in averages:
            average = entry[name]
            if average.shape != parameter.shape or average.dtype is not parameter.dtype:
                raise ValueError(f"an average of the shape {tuple(average.shape)}")
            if not average.isfinite().all():
                raise ValueError("an average that is not finite")


def _require_keys(found: Mapping[str, Any], wanted: set[str]) -> None:
    if found.keys() != wanted:
        raise ValueError(f"{sorted(map(str, found))} instead of {sorted(wanted)}")


def _require_like(stored: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Raise ValueError unless the entries of both have the same names, and values of the same kind."""
    _require_keys(stored, set(own))
    for name, value in own.items():
        kinds = (int, float) if type(value) in (int, float) else type(value)
        if not isinstance(stored[name], kinds) or isinstance(stored[name], bool) is not isinstance(
            value, bool
        ):
            raise ValueError(f"{name} is {stored[name]!r}")
