"""Max pooling of regions whose cells are whole cells of the map (RoI pooling; Girshick, 2015), each bin once.

Regions are many and maps are small, so most bins are bins of other regions, too: of 300 proposals about
three in four. What is done to each bin alone can be done to the distinct ones.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class RegionBins:
    """``values`` (U, C) of the distinct bins; ``places`` (R, side, side) tell which of them stands where."""

    values: Tensor
    places: Tensor


def pool_bins(maps: Tensor, boxes: Tensor, side: int, scale: float) -> RegionBins:
    """Pool boxes (R, 4) of one frame's maps (1, C, h, w) to ``side`` × ``side`` bins of the largest values.

    ``values[places]`` is what :func:`torchvision.ops.roi_pool` computes, to the bit.
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
    number = torch.arange(int(counts.sum()), device=boxes.device) - starts.repeat_interleave(counts)
    wide, first_row, first_column = (
        each.repeat_interleave(counts) for each in (wide, first_row, first_column)
    )
    cells = (first_row + number // wide) * width + first_column + number % wide
    by_cell = maps[0].permute(1, 2, 0).flatten(0, 1)  # (h · w, C)
    return RegionBins(functional.embedding_bag(cells, by_cell, starts, mode="max"), places)


def _rounded(positions: Tensor) -> Tensor:
    """Halves go away from zero, as in C; torch rounds them to even numbers."""
    return (positions.trunc() + (positions.frac().abs() >= 0.5) * positions.sign()).long()


def _edges(first: Tensor, last: Tensor, side: int, limit: int) -> Tensor:
    """The bins between two cells (R,), both inclusive, as one number each: (R, side)."""
    step = (last - first + 1).clamp(min=1).float()[:, None] / side
    number = torch.arange(side, device=first.device)
    starts = (number * step).floor().long() + first[:, None]
    ends = ((number + 1) * step).ceil().long() + first[:, None]
    return starts.clamp(0, limit) * (limit + 1) + ends.clamp(0, limit)


def _ends(edges: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    return edges // (limit + 1), edges % (limit + 1)
