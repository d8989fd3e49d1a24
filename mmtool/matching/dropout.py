"""Dropout that costs a CPU less than the layers it follows: 16 random bits decide over a number."""

import torch
from torch import Tensor, nn

VALUES = 1 << 16  # of 16 bits
PER_DRAW = 4  # numbers decided by one draw of 64 bits


def dropout(x: Tensor, share: float) -> Tensor:
    """Zero a share of the numbers, 0..1, and scale the others so that the mean stays.

    PyTorch draws 32 bits or more for each number, one after the other, which on a CPU takes twice as long as
    the product of matrices before it. The share is rounded to 1 / 65,536. On GPUs this is PyTorch's own.
    """
    if not share:
        return x
    if x.device.type != "cpu":
        return nn.functional.dropout(x, share)
    least = round(share * VALUES)
    draws = torch.empty(-(-x.numel() // PER_DRAW), dtype=torch.int64).random_(-(1 << 63), None)
    bits = draws.view(torch.int16)[: x.numel()]
    kept = torch.ge(bits, least - VALUES // 2, out=torch.empty(x.numel(), dtype=x.dtype))
    return x * kept.view(x.shape) * (VALUES / (VALUES - least))
