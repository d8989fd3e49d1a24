"""Max pooling of regions over whole cells of a map (RoI pooling; Girshick, 2015), each distinct bin once.

There are many regions and maps are small, so regions share most of their bins: about three in four of 300
proposals. What is computed from each bin alone needs to be computed only for the distinct ones.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class RegionBins:
    """``values`` (U, C) of the distinct bins; ``places`` (R, side, side): which of them each bin is."""

    values: Tensor
    places: Tensor


def pool_bins(maps: Tensor, boxes: Tensor, side: int, scale: float) -> RegionBins:
    """Pool boxes (R, 4) of one frame's maps (1, C, h, w) to ``side`` × ``side`` bins by their maximum.

    ``values[places]`` equals the result of :func:`torchvision.ops.roi_pool` to the bit.
    """
    height, width = maps.shape[2:]
    left, top, right, bottom = _rounded(boxes * scale).unbind(dim=1)
    rows = _edges(top, bottom, side, height)  # (R, side)
    columns = _edges(left, right, side, width)
    bins = rows[:, :, None] * (width + 1) ** 2 + columns[:, None, :]  # (R, side, side)
    distinct, places = torch.unique(bins, return_inverse=True)

    first_row, last_row = _ends(distinct // (width + 1) ** 2, height)
    first_column, last_column = _ends(distinct % (width + 1) ** 2, width)
    wide = (last_column - first_column).clamp(min=0)  # (U,)
    counts = (last_row - first_row).clamp(min=0) * wide
    starts = counts.cumsum(dim=0) - counts
    total = int(counts.sum())  # with it, a GPU need not be waited for to repeat anything
    number = torch.arange(total, device=boxes.device)
    start, wide, first_row, first_column = (
        each.repeat_interleave(counts, output_size=total) for each in (starts, wide, first_row, first_column)
    )
    number = number - start
    cells = (first_row + number // wide) * width + first_column + number % wide
    by_cell = maps[0].permute(1, 2, 0).flatten(0, 1)  # (h · w, C)
    return RegionBins(functional.embedding_bag(cells, by_cell, starts, mode="max"), places)


def _rounded(positions: Tensor) -> Tensor:
    """Round halves away from zero, as in C; torch rounds them to even numbers."""
    return (positions.trunc() + (positions.frac().abs() >= 0.5) * positions.sign()).long()


def _edges(first: Tensor, last: Tensor, side: int, limit: int) -> Tensor:
    """The bins between two cells (R,), both inclusive, encoded as one number each: (R, side)."""
    step = (last - first + 1).clamp(min=1).float()[:, None] / side
    number = torch.arange(side, device=first.device)
    starts = (number * step).floor().long() + first[:, None]
    ends = ((number + 1) * step).ceil().long() + first[:, None]
    return starts.clamp(0, limit) * (limit + 1) + ends.clamp(0, limit)


def _ends(edges: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    return edges // (limit + 1), edges % (limit + 1)
