"""Monotone one-to-many alignment: the best that Pop-Video, Pop-Text and Match-Retain-Text can reach."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.similarity.confidence import Matches
from mmtool.arrays import Floats


@dataclass(frozen=True, slots=True)
class MonotoneAlignment:
    """Matches (clip, snippet), at most one per clip, and the sum of all scores."""

    matches: Matches
    score: float


def monotone(
    similarity: Floats, *, unmatched: Floats | float = 0.0, unused: Floats | float = 0.0
) -> MonotoneAlignment:
    """Match each of N clips with one of M snippets in order, or leave it out.

    A matched clip scores its similarity (M, N), an unmatched clip ``unmatched`` (N,); a snippet without a
    clip costs ``unused`` (M,). With F[i, j] the best of the first i snippets and j clips,
    ``F[i, j] = max(F[i−1, j] − unused_i · [i has no clip], F[i, j−1] + max(s_ij, unmatched_j))``. A row at a
    time: differences to running sums turn the recursion into running maxima. O(M · N).
    """
    snippets, clips = similarity.shape
    rest = np.broadcast_to(np.asarray(unmatched, dtype=np.float64), (clips,))
    cost = np.broadcast_to(np.asarray(unused, dtype=np.float64), (snippets,))
    skipped = np.concatenate([[0.0], np.cumsum(rest)])  # (N + 1,)
    entered = np.empty((snippets, clips + 1), dtype=np.int32)  # clips before the snippet came on top
    started = np.empty((snippets, clips + 1), dtype=np.int32)  # its first clip; `clips` if it has none
    before = skipped  # (N + 1,): the best score of the snippets so far and j clips
    for i in range(snippets):
        waiting, entered[i] = _running_best(before - skipped)
        waiting = waiting + skipped  # the snippet is on top and has no clip yet
        going = np.concatenate([[0.0], np.cumsum(np.maximum(similarity[i], rest))])
        first, at = _running_best(waiting[:-1] + similarity[i] - going[1:])
        matched = np.concatenate([[-np.inf], first + going[1:]])
        left = waiting - cost[i]
        has_clip = matched > left
        started[i] = np.where(has_clip, np.concatenate([[clips], at]), clips)
        before = np.where(has_clip, matched, left)
    owned = _owned(entered, started, clips)
    matches = [
        (clip, snippet)
        for snippet, first, end in owned
        for clip in range(first, end)
        if clip == first or similarity[snippet, clip] > rest[clip]
    ]
    return MonotoneAlignment(tuple(matches), float(before[-1]))


def _running_best(values: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """The greatest value up to each position, and its position."""
    best = np.maximum.accumulate(values)
    places = np.where(values == best, np.arange(len(values)), 0)
    return best, np.maximum.accumulate(places)


def _owned(entered: NDArray[np.int32], started: NDArray[np.int32], clips: int) -> list[tuple[int, int, int]]:
    """For each snippet with a clip, in order: its index, its first clip, and the end of its time on top."""
    owned, end = [], clips
    for i in reversed(range(len(entered))):
        first = int(started[i, end])
        if first < clips:
            owned.append((i, first, end))
            end = first
        end = int(entered[i, end])
    return owned[::-1]
