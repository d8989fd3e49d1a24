"""The monotone labelling of clips with the greatest expected text IoU and accuracy.

Text IoU is not a sum over clips, so that marginal probabilities of single clips do not determine its
expectation. It is therefore estimated over placements of the text drawn from the posterior. For each snippet,
the intervals that run from a quantile of its drawn starts to a quantile of its drawn ends are candidates;
dynamic programming chooses one of them for each snippet, or none, in order.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.timing.minimum_risk import UNMATCHED
from mmtool.arrays import Floats

Indices = NDArray[np.int64]

CANDIDATES = 20  # starts, and as many ends, of each snippet


@dataclass(frozen=True, slots=True)
class DrawnPlacements:
    """K placements of M snippets on N clips; ``first[k, j]`` to ``end[k, j]`` (exclusive) are those of j."""

    first: Indices  # (K, M)
    end: Indices  # (K, M)
    times: Floats  # (N + 1,): where clips start and the last ends, their durations summed

    @property
    def durations(self) -> Floats:
        durations: Floats = np.diff(self.times)
        return durations

    def posterior(self) -> Floats:
        """The share (M, N) of the placements in which each clip belongs to each snippet."""
        count, snippets = self.first.shape
        change = np.zeros((snippets, len(self.times)))
        rows = np.broadcast_to(np.arange(snippets), self.first.shape)
        np.add.at(change, (rows, self.first), 1.0 / count)
        np.add.at(change, (rows, self.end), -1.0 / count)
        share: Floats = np.clip(np.cumsum(change, axis=1)[:, :-1], 0.0, 1.0)
        return share


def greatest_overlap(
    drawn: DrawnPlacements, posterior: Floats, accuracy_weight: float, candidates: int = CANDIDATES
) -> Indices:
    """Label each of N clips with a snippet or ``UNMATCHED``.

    Maximises the expected mean IoU of the snippets plus ``accuracy_weight`` times the expected share of time
    with the right label. The accuracy is that of the ``posterior`` (M, N), which sums to at most 1 over the
    snippets. Each snippet starts at one of ``candidates`` quantiles of its drawn starts, and ends likewise.
    """
    snippets, clips = posterior.shape
    unmatched = np.clip(1 - posterior.sum(axis=0), 0.0, 1.0)
    seconds = drawn.durations
    gain = np.zeros((snippets, clips + 1))
    np.cumsum((posterior - unmatched) * seconds, axis=1, out=gain[:, 1:])
    gain *= accuracy_weight / max(float(seconds.sum()), 1e-9)
    best = np.zeros(clips + 1)  # up to each boundary between clips, with the snippets so far
    choices: list[tuple[Indices, Indices]] = []
    quantiles = _quantiles(drawn.first, candidates), _quantiles(drawn.end, candidates)
    for j in range(snippets):
        starts, ends = (_distinct(of[:, j]) for of in quantiles)
        value = _expected_iou(drawn, j, starts, ends) / snippets
        value += gain[j][ends] - gain[j][starts][:, None] + best[starts][:, None]
        value[ends <= starts[:, None]] = -np.inf
        from_start = value.argmax(axis=0)
        reached = value[from_start, np.arange(len(ends))]
        better = reached > best[ends]
        source = np.full(clips + 1, -1)  # the start of the snippet that ends here, if one does
        source[ends[better]] = starts[from_start[better]]
        best = best.copy()
        best[ends[better]] = reached[better]
        highest = np.maximum.accumulate(best)
        at = np.maximum.accumulate(np.where(best >= highest, np.arange(clips + 1), 0))
        choices.append((source, at))
        best = highest
    labels = np.full(clips, UNMATCHED)
    boundary = clips
    for j in reversed(range(snippets)):
        source, at = choices[j]
        boundary = int(at[boundary])
        if source[boundary] >= 0:
            labels[source[boundary] : boundary] = j
            boundary = int(source[boundary])
    return labels


def _quantiles(drawn: Indices, candidates: int) -> Indices:
    """Quantiles (candidates, M) of the drawn clips (K, M), in order."""
    at = np.rint(np.linspace(0, len(drawn) - 1, candidates)).astype(np.int64)
    quantiles: Indices = np.sort(drawn, axis=0)[at]
    return quantiles


def _distinct(ascending: Indices) -> Indices:
    different = np.empty(len(ascending), dtype=bool)
    different[0] = True
    np.not_equal(ascending[1:], ascending[:-1], out=different[1:])
    return ascending[different]


def _expected_iou(drawn: DrawnPlacements, snippet: int, starts: Indices, ends: Indices) -> Floats:
    """The mean IoU (A, B) of the intervals from each start to each end with the drawn ones."""
    times = drawn.times
    low, high = times[drawn.first[:, snippet]], times[drawn.end[:, snippet]]  # (K,)
    left, right = times[starts], times[ends]
    shared = np.minimum(right[:, None], high)[None] - np.maximum(left[:, None], low)[:, None]  # (A, B, K)
    np.maximum(shared, 0.0, out=shared)
    united = (right - left[:, None]).clip(min=0)[:, :, None] + (high - low) - shared
    np.maximum(united, 1e-9, out=united)
    mean: Floats = (shared / united).mean(axis=2)
    return mean


def expected_iou(drawn: DrawnPlacements, labels: Indices) -> Floats:
    """The expected IoU (M,) of each snippet's clips under ``labels`` (N,) with the drawn placements."""
    result = np.zeros(drawn.first.shape[1])
    for j in np.unique(labels[labels != UNMATCHED]):
        own = np.flatnonzero(labels == j)
        result[j] = _expected_iou(drawn, int(j), own[:1], own[-1:] + 1)[0, 0]
    return result
