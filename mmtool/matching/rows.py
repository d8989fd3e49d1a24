"""The real tokens of padded sequences as rows of one matrix, so that no layer computes padding."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Segment:
    """Neighbouring tokens of one kind, and the expert that they take."""

    expert: str
    size: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Where the T real tokens of B sequences of S are; those of a segment stand together.

    Attributes:
        shape: B and S.
        places: (T,): the number of each token among the B · S.
        segments: The kinds of the T rows, in their order.
    """

    shape: tuple[int, int]
    places: Tensor
    segments: tuple[Segment, ...]

    @classmethod
    def of_real(cls, real: Tensor, segments: Sequence[Segment]) -> "Rows":
        """The rows of the real tokens (B, S), whose segments are of padded sequences."""
        numbers = torch.arange(real.numel(), device=real.device).view(real.shape)
        sizes = [segment.size for segment in segments]
        parts = [
            part[there]
            for part, there in zip(
                torch.split(numbers, sizes, dim=1), torch.split(real, sizes, dim=1), strict=True
            )
        ]
        own = tuple(Segment(each.expert, len(part)) for each, part in zip(segments, parts, strict=True))
        return cls((real.shape[0], real.shape[1]), torch.cat(parts), own)

    @property
    def sequences(self) -> Tensor:
        """(T,): the sequence of each row."""
        return self.places // self.shape[1]

    def of(self, x: Tensor) -> Tensor:
        """Padded states (B, S, d) → rows (T, d)."""
        return x.flatten(0, 1)[self.places]

    def padded(self, rows: Tensor) -> Tensor:
        """Rows (T, d) → padded states (B, S, d), 0 where padding is."""
        empty = rows.new_zeros(self.shape[0] * self.shape[1], rows.shape[1])
        return empty.index_copy(0, self.places, rows).view(*self.shape, -1)


def segments_of(places: Sequence[int], segments: Sequence[Segment]) -> list[Segment]:
    """The segments that tokens at these places, in ascending order, are of."""
    found, start = [], 0
    for segment in segments:
        inside = sum(start <= place < start + segment.size for place in places)
        found.append(Segment(segment.expert, inside))
        start += segment.size
    return found
