"""LARS on top of Adam (paper, Section 3.2, Eq. 4; You et al. 2017; Kingma & Ba 2015)."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class LarsAdam(torch.optim.Optimizer):
    """Adam whose update of each tensor is scaled to the tensor's norm.

    For each parameter tensor ``w``, biases and γ, β included, ``Δw = lr · ‖w‖ · u / ‖u‖`` where ``u``
    is Adam's bias-corrected update plus ``weight_decay · w``. Where ``‖w‖`` or ``‖u‖`` is 0, ``lr``
    alone scales ``u``.
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
            weights = [w for w in group["params"] if w.grad is not None]
            if weights:
                self._update(weights, group)
        return loss

    def _update(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        lr, eps, decay = group["lr"], group["eps"], group["weight_decay"]
        beta1, beta2 = group["betas"]
        for w in weights:
            if not self.state[w]:
                self.state[w] |= {"step": 0, "mean": torch.zeros_like(w), "square": torch.zeros_like(w)}
            self.state[w]["step"] += 1
        gradients = [w.grad for w in weights if w.grad is not None]
        means = [self.state[w]["mean"] for w in weights]
        squares = [self.state[w]["square"] for w in weights]
        steps = [self.state[w]["step"] for w in weights]

        torch._foreach_lerp_(means, gradients, 1 - beta1)
        torch._foreach_mul_(squares, beta2)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - beta2)
        denominators = torch._foreach_sqrt(squares)
        torch._foreach_div_(denominators, [(1 - beta2**step) ** 0.5 for step in steps])
        torch._foreach_add_(denominators, eps)
        updates = torch._foreach_div(means, denominators)
        torch._foreach_div_(updates, [1 - beta1**step for step in steps])
        if decay:
            torch._foreach_add_(updates, weights, alpha=decay)

        scales = [
            lr * torch.where((w > 0) & (u > 0), w / u, torch.ones_like(w))
            for w, u in zip(torch._foreach_norm(weights), torch._foreach_norm(updates), strict=True)
        ]
        torch._foreach_mul_(updates, scales)
        torch._foreach_sub_(weights, updates)
