"""LARS on top of Adam (paper, Section 3.2, Eq. 4; You et al. 2017; Kingma & Ba 2015)."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class LarsAdam(torch.optim.Optimizer):
    """Adam whose update of each tensor is scaled to the tensor's norm.

    For each parameter tensor ``w``, biases and γ, β included, ``Δw = lr · ‖w‖ · u / ‖u‖`` where ``u``
    is Adam's bias-corrected update plus ``weight_decay · w``. If ``‖w‖`` or ``‖u‖`` is 0, ``Δw = lr · u``.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        *,
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        if lr <= 0:
            raise ValueError(f"the learning rate must be above 0, not {lr}")
        super().__init__(parameters, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._update(weight, weight.grad, group)
        return loss

    def _update(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        beta1, beta2 = group["betas"]
        state = self.state[weight]
        if not state:
            state |= {"step": 0, "mean": torch.zeros_like(weight), "square": torch.zeros_like(weight)}
        state["step"] += 1
        mean, square, step = state["mean"], state["square"], state["step"]
        mean.lerp_(gradient, 1 - beta1)
        square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        denominator = square.sqrt().div_((1 - beta2**step) ** 0.5).add_(group["eps"])
        update = (mean / denominator).div_(1 - beta1**step)
        if group["weight_decay"]:
            update.add_(weight, alpha=group["weight_decay"])
        weight_norm, update_norm = torch.linalg.vector_norm(weight), torch.linalg.vector_norm(update)
        both = (weight_norm > 0) & (update_norm > 0)
        ratio = torch.where(both, weight_norm / update_norm, torch.ones_like(weight_norm))
        weight.sub_(update.mul_(group["lr"] * ratio))
