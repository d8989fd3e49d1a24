"""Batches of sequences of different length: what the network reads."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmtool.alignment.network.trace import Trace

NO_ACTION = -100  # the class of padding; cross-entropy skips it


@dataclass(frozen=True, slots=True)
class Sequences:
    """Features (B, L, D), zero beyond ``lengths`` (B,)."""

    features: Tensor
    lengths: Tensor

    @classmethod
    def pad(cls, features: Sequence[NDArray[np.float32]]) -> "Sequences":
        """Stack arrays (L, D)."""
        lengths = torch.tensor([len(rows) for rows in features])
        return cls(_pad(features), lengths)

    def to(self, device: torch.device) -> "Sequences":
        return Sequences(self.features.to(device), self.lengths.to(device))

    def mask(self) -> Tensor:
        """(B, L): true where an element is real."""
        steps = torch.arange(self.features.shape[1], device=self.lengths.device)
        return steps < self.lengths[:, None]


@dataclass(frozen=True, slots=True)
class Traces:
    """Traces of B samples: see :class:`Trace`; everything has a leading batch dimension."""

    actions: Tensor  # (B, T), NO_ACTION beyond a sample's end
    clip_top: Tensor  # (B, T)
    snippet_top: Tensor  # (B, T)
    positional: Tensor  # (B, T, 10 + E)
    clip_share: Tensor  # (B, T, N)
    snippet_share: Tensor  # (B, T, M)
    slot: Tensor  # (B, T)
    last_match: Tensor  # (B, T)
    slot_end: Tensor  # (B, K)

    @classmethod
    def pad(cls, traces: Sequence[Trace]) -> "Traces":
        """Stack traces; padding has valid indices, and only ``actions`` marks it."""
        return cls(
            actions=_pad([t.actions for t in traces], fill=NO_ACTION),
            clip_top=_pad([t.clip_top for t in traces]),
            snippet_top=_pad([t.snippet_top for t in traces]),
            positional=_pad([t.positional for t in traces]),
            clip_share=_pad([t.clip_share for t in traces]),
            snippet_share=_pad([t.snippet_share for t in traces]),
            slot=_pad([t.slot for t in traces]),
            last_match=_pad([t.last_match for t in traces], fill=-1),
            slot_end=_pad([t.slot_end for t in traces]),
        )

    def to(self, device: torch.device) -> "Traces":
        return Traces(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})


def _pad(arrays: Sequence[NDArray[np.float32] | NDArray[np.int64]], *, fill: int = 0) -> Tensor:
    """Arrays (a, b, …) of one rank → a tensor (B, max a, max b, …)."""
    shape = np.max([array.shape for array in arrays], axis=0)
    padded = np.full((len(arrays), *shape), fill, dtype=arrays[0].dtype)
    for row, array in zip(padded, arrays, strict=True):
        row[tuple(slice(length) for length in array.shape)] = array
    return torch.from_numpy(padded)
