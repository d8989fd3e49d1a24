"""Batches of clips and snippets as the matcher's training shares them among processes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmtool.matching.films import Gathering
from mmtool.matching.inputs import Words
from mmtool.matching.source_inputs import AnyClip

NO_ROWS = np.zeros(0, np.int64)


@dataclass(slots=True)
class MatcherBatch:
    """A batch, and what this process has made of its clips and snippets, by their place in the batch."""

    gathering: Gathering
    clips: dict[int, AnyClip] = field(default_factory=dict)
    words: dict[int, Words] = field(default_factory=dict)


def rows_of_windows(sizes: Sequence[int]) -> list[NDArray[np.int64]]:
    """The rows of each window in the batch."""
    ends = np.cumsum(sizes)
    return [np.arange(end - size, end) for size, end in zip(sizes, ends, strict=True)]


def in_order(gathered: Tensor, rows: Sequence[NDArray[np.int64]]) -> Tensor:
    """Rows that came process by process, in the order of the batch."""
    return gathered[torch.from_numpy(np.argsort(np.concatenate(rows))).to(gathered.device)]


def place_of(gathering: Gathering, row: int, *, clips: bool) -> tuple[int, int]:
    """The film and the clip, or the snippet, at a place in the batch."""
    for window in gathering.windows:
        inside = window.clips if clips else window.snippets
        if row < len(inside):
            return window.film, int(inside[row])
        row -= len(inside)
    raise IndexError(row)
