"""The constraints of pins for decoders that match whole clips.

A clip belongs to the snippet that is told at its middle, as in timing. A pinned snippet whose time holds the
middle of no clip gets the clip that it overlaps most, which it may share with others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtool.arrays import Floats
from mmtool.constraints import Constraints
from mmtool.records import Interval

FREE = -1
_SAME = 1e-6  # seconds

Matches = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipConstraints:
    """Which of N clips may, and which must, be matched with which of M snippets.

    Attributes:
        owner: The snippet that each clip must be matched with (N,), or FREE.
        allowed: Whether each pair may be matched (M, N).
        shared: Further matches that must be there, of clips that several pinned snippets share.
        absent: Whether each snippet is not in the film (M,).
    """

    owner: NDArray[np.int64]
    allowed: NDArray[np.bool_]
    shared: Matches
    absent: NDArray[np.bool_]

    def kept(self, matches: Iterable[tuple[int, int]]) -> Matches:
        """Matches ``(clip, snippet)`` without those that pins exclude, and with those that they demand."""
        right = {(c, j) for c, j in matches if self.allowed[j, c] and self.owner[c] in (FREE, j)}
        right |= {(int(c), int(self.owner[c])) for c in np.flatnonzero(self.owner != FREE)}
        others = [pair for pair in self.shared if pair not in right]
        return tuple(sorted([*right, *others], key=lambda pair: (pair[0], pair in others, pair[1])))

    def surer(self, matches: Matches, of_clips: Floats, of_snippets: Floats) -> tuple[Floats, Floats]:
        """The confidence of clips (N,) and snippets (M,), where what pins decide is certain."""
        certain = self.owner != FREE
        of_clips, of_snippets = np.where(certain, 1.0, of_clips), of_snippets.copy()
        for snippet in range(len(self.absent)):
            own = [clip for clip, matched in matches if matched == snippet]
            if self.absent[snippet]:
                of_snippets[snippet] = 1.0
            elif own and certain[own].any():
                of_snippets[snippet] = of_clips[own].mean()
        return of_clips, of_snippets

    def last_of(self, snippet: int) -> int:
        """The last clip that must be matched with a snippet; FREE where there is none."""
        own = np.flatnonzero(self.owner == snippet)
        return int(own[-1]) if len(own) else FREE


def clip_constraints(constraints: Constraints, clips: Sequence[Interval]) -> ClipConstraints:
    """Turn bounds in seconds into those of clips, which are in order of time."""
    times = np.array(clips, dtype=np.float64)  # (N, 2)
    middles = np.maximum.accumulate(times.mean(axis=1))
    snippets = len(constraints.absent)
    owner = np.full(len(clips), FREE)
    share = np.zeros(len(clips))  # of the owner
    first, last = np.zeros(snippets, dtype=np.int64), np.full(snippets, len(clips) - 1)
    shared: list[tuple[int, int]] = []
    before = -1  # the last clip that an earlier snippet must have
    for j in range(snippets):
        span = _demanded(constraints, j, times, middles)
        first[j] = max(before + 1, int(np.searchsorted(middles, constraints.start[j, 0] - _SAME)))
        last[j] = min(last[j], int(np.searchsorted(middles, constraints.end[j, 1] - _SAME)) - 1)
        if span is None:
            continue
        for clip in range(span[0], span[1] + 1):
            overlap = _overlap(constraints, j, times[clip])
            if owner[clip] != FREE and share[clip] >= overlap:
                shared.append((clip, j))
                continue
            if owner[clip] != FREE:
                shared.append((clip, int(owner[clip])))
            owner[clip], share[clip] = j, overlap
        first[j], last[j] = min(first[j], span[0]), max(last[j], span[1])
        before = max(before, span[1])
    allowed = np.zeros((snippets, len(clips)), dtype=bool)
    following = len(clips)  # the first clip that a later snippet must have
    for j in reversed(range(snippets)):
        own = np.flatnonzero(owner == j)
        if not constraints.absent[j]:
            allowed[j, first[j] : min(int(last[j]) + 1, following)] = True
            allowed[j] &= (owner == FREE) | (owner == j)
            allowed[j, own] = True
        if len(own):
            following = min(following, int(own[0]))
    return ClipConstraints(owner=owner, allowed=allowed, shared=tuple(shared), absent=constraints.absent)


def _demanded(
    constraints: Constraints, snippet: int, times: Floats, middles: Floats
) -> tuple[int, int] | None:
    """The first and the last clip that a snippet must have; None where there are none."""
    start, end = constraints.start[snippet, 1], constraints.end[snippet, 0]
    if not (np.isfinite(start) or np.isfinite(end)):
        return None
    clips = len(middles)
    first = min(int(np.searchsorted(middles, start - _SAME)), clips - 1)
    last = max(int(np.searchsorted(middles, end - _SAME)) - 1, 0)
    if not np.isfinite(start):
        return last, last
    if not np.isfinite(end):
        return first, first
    if first <= last and middles[first] < end - _SAME and middles[last] >= start - _SAME:
        return first, last
    most = int(np.argmax(np.minimum(times[:, 1], end) - np.maximum(times[:, 0], start)))
    return most, most


def _overlap(constraints: Constraints, snippet: int, clip: Floats) -> float:
    """Seconds of a clip within the pinned time of a snippet; an open side counts the whole clip."""
    start, end = constraints.start[snippet, 1], constraints.end[snippet, 0]
    low = clip[0] if not np.isfinite(start) else max(clip[0], start)
    high = clip[1] if not np.isfinite(end) else min(clip[1], end)
    return float(high - low)
