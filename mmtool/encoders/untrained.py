"""Random weights with which untrained networks distinguish pictures."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

PICTURES, SIDE = 8, 256  # number of pictures, and their side in pixels
RECTANGLES, BOXES = 24, 16  # per picture


@contextmanager
def calibration(model: nn.Module) -> Iterator[None]:
    """Let each batch norm of an untrained model take the statistics of the one pass made within.

    With the initial statistics (mean 0, variance 1) the signal vanishes in MobileNet and explodes in ResNet,
    and all frames get the same features.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d)]
    for norm in norms:
        norm.train()
        norm.momentum = 1.0
    with torch.no_grad():
        yield
    model.eval()


def random_pictures(side: int = SIDE) -> Tensor:
    """Overlapping rectangles of random colours with a little noise: (PICTURES, 3, side, side)."""
    pictures = torch.randn(PICTURES, 3, 1, 1).repeat(1, 1, side, side)
    for picture in pictures:
        for x1, y1, x2, y2 in random_boxes(RECTANGLES, side).int().tolist():
            picture[:, y1:y2, x1:x2] = torch.randn(3, 1, 1)
    return pictures + 0.1 * torch.randn_like(pictures)


def random_boxes(count: int = BOXES, side: int = SIDE) -> Tensor:
    """Boxes (count, 4) with sides from 1/16 to 1/2 of the picture's side."""
    sides = side / 2 ** (1 + 3 * torch.rand(count, 2))
    corners = (side - sides) * torch.rand(count, 2)
    return torch.cat([corners, corners + sides], dim=1)
