"""Sequence-wise batch normalisation (paper, Section 3.3, Eqs. 5–7; Laurent et al. 2015)."""

from typing import Any

import torch
from torch import Tensor, distributed, nn


class SequenceBatchNorm(nn.Module):
    """Batch norm over all real elements of batch and time, and over all processes that train together.

    Statistics are computed in the precision of the weights, whatever that of the elements.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width, eps=1e-5, momentum=0.1)

    def forward(self, elements: Tensor, mask: Tensor) -> Tensor:
        """(B, L, P) and a mask (B, L), true for real elements → (B, L, P), zero for padding."""
        real = elements[mask].to(self.norm.weight.dtype)  # (real elements, P); under autocast, bf16 before
        if self.training and distributed.is_available() and distributed.is_initialized():
            of_real = self._normalise_together(real)
        elif self.training and len(real) == 1:  # equals its own mean, so only β remains
            of_real = (real - real) * self.norm.weight + self.norm.bias
        else:
            of_real = self.norm(real)
        normalised = torch.zeros_like(elements)
        normalised[mask] = of_real.to(elements.dtype)
        return normalised

    def _normalise_together(self, real: Tensor) -> Tensor:
        """Use the statistics of the global batch, running ones included; torch has this for GPUs only."""
        norm, count = self.norm, real.new_tensor([len(real)])
        distributed.all_reduce(count)
        mean = _sum_over_processes(real.sum(dim=0)) / count
        variance = _sum_over_processes(((real - mean) ** 2).sum(dim=0)) / count
        with torch.no_grad():
            unbiased = variance * (count / (count - 1).clamp(min=1))
            norm.running_mean.lerp_(mean, norm.momentum)  # type: ignore[union-attr, arg-type]
            norm.running_var.lerp_(unbiased, norm.momentum)  # type: ignore[union-attr, arg-type]
            norm.num_batches_tracked.add_(1)  # type: ignore[union-attr]
        normalised: Tensor = (real - mean) / torch.sqrt(variance + norm.eps) * norm.weight + norm.bias
        return normalised


class _AllReduce(torch.autograd.Function):
    """Each process gets the sum, so each one's gradient is the sum of all gradients."""

    @staticmethod
    def forward(_: Any, values: Tensor) -> Tensor:
        total = values.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        distributed.all_reduce(total)
        return total


def _sum_over_processes(values: Tensor) -> Tensor:
    total: Tensor = _AllReduce.apply(values)
    return total
