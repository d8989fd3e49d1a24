"""Boxes from anchors or proposals and what the network says about them (Ren et al., 2015)."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

LARGEST_LOG_SCALE = math.log(1000 / 16)  # a side grows by at most this factor


def refine_boxes(boxes: Tensor, deltas: Tensor, weights: Sequence[float] = (1.0, 1.0, 1.0, 1.0)) -> Tensor:
    """Move and scale boxes (R, 4) by deltas (R, 4), which are divided by the weights of x, y, width, height.

    The steps are those of torchvision's ``BoxCoder``, which is private, so results are equal to the bit.
    """
    boxes = boxes.to(deltas.dtype)
    sizes = boxes[:, 2:] - boxes[:, :2]  # (R, 2)
    centres = boxes[:, :2] + 0.5 * sizes
    x, y, width, height = (delta / weight for delta, weight in zip(deltas.unbind(1), weights, strict=True))
    new_centres = torch.stack([x, y], dim=1) * sizes + centres
    new_sizes = torch.stack([width, height], dim=1).clamp(max=LARGEST_LOG_SCALE).exp() * sizes
    return torch.cat([new_centres - 0.5 * new_sizes, new_centres + 0.5 * new_sizes], dim=1)
