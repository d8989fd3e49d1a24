"""Soft masks: how much of each token of a clip is hidden, by its answer to a word (Park & Han 2023)."""

import torch
from torch import Tensor


def compensated(maps: Tensor, real: Tensor) -> Tensor:
    """Maps (B, R) ≥ 0 of one word each → masks (B, R) whose sum is half of the real tokens.

    A map is divided by its greatest value, m, and then its sum S is brought to N / 2 by the closed form that
    keeps the order and the range [0, 1]: ``m · (N / 2) / S`` where S is greater, and otherwise
    ``1 − (1 − m) · (N / 2) / (N − S)``. The mask of a map that is zero is zero: nothing is masked.

    Args:
        maps: How strongly each token answers.
        real: (B, R): which tokens are real, N of them.
    """
    maps = torch.where(real, maps, 0).double()
    greatest = maps.amax(dim=1, keepdim=True)
    answers = (greatest > 0) & torch.isfinite(greatest)
    shares = torch.where(answers, maps / greatest.where(answers, 1), 0)
    count = real.sum(dim=1, keepdim=True).double()
    half, total = count / 2, shares.sum(dim=1, keepdim=True)
    less = shares * (half / total.where(answers, 1))
    room = count - total  # positive where the sum is below half
    more = 1 - (1 - shares) * (half / room.where(total < half, 1))
    masks = torch.where(total > half, less, torch.where(total < half, more, shares))
    return torch.where(answers & real, masks, 0)
