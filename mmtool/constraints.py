"""Where snippets may start and end: what pins say to every decoder."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtool.arrays import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """Where M snippets may start and end, in seconds; unbounded where nothing is pinned.

    Attributes:
        start: The earliest and latest start (M, 2).
        end: The earliest and latest end (M, 2).
        absent: Whether each snippet is not in the film (M,).
        pinned: Whether a pin says where the snippet is (M,).
    """

    start: Floats
    end: Floats
    absent: NDArray[np.bool_]
    pinned: NDArray[np.bool_]

    @classmethod
    def none(cls, snippets: int) -> "Constraints":
        """No constraints."""
        free = np.tile([-np.inf, np.inf], (snippets, 1))
        no = np.zeros(snippets, dtype=bool)
        return cls(start=free.copy(), end=free.copy(), absent=no.copy(), pinned=no.copy())

    def __bool__(self) -> bool:
        return bool(self.absent.any() or self.pinned.any())

    @property
    def present(self) -> NDArray[np.int64]:
        """The snippets that may be in the film."""
        return np.flatnonzero(~self.absent)

    def of(self, snippets: NDArray[np.int64] | Sequence[int]) -> "Constraints":
        """Those of the chosen snippets."""
        return Constraints(
            start=self.start[snippets],
            end=self.end[snippets],
            absent=self.absent[snippets],
            pinned=self.pinned[snippets],
        )
