"""The time that intervals share, in seconds, independent of matches."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmtool.records import Interval

Seconds = NDArray[np.float64]

_NOTHING = Interval(0.0, 0.0)


def union(intervals: Sequence[Interval]) -> list[Interval]:
    """Merge intervals, in any order, into sorted disjoint intervals that cover the same time."""
    merged: list[Interval] = []
    for interval in sorted(intervals):
        if merged and interval.start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(merged[-1].end, interval.end))
        else:
            merged.append(interval)
    return merged


def durations(intervals: Sequence[Interval]) -> Seconds:
    """Return the length (N,) of each interval."""
    bounds = _bounds(intervals)
    return bounds[:, 1] - bounds[:, 0]


def overlap_matrix(clips: Sequence[Interval], truth: Sequence[Interval | None]) -> Seconds:
    """Return the time (N, M) that each clip shares with each snippet's interval; None shares none."""
    clip_bounds, truth_bounds = _bounds(clips), _bounds(truth)
    starts = np.maximum(clip_bounds[:, None, 0], truth_bounds[None, :, 0])  # (N, M)
    ends = np.minimum(clip_bounds[:, None, 1], truth_bounds[None, :, 1])  # (N, M)
    shared: Seconds = np.maximum(ends - starts, 0.0)
    return shared


def covered(clips: Sequence[Interval], truth: Sequence[Interval | None]) -> Seconds:
    """Return the time (N,) of each clip that lies in the union of the intervals.

    Never more than the clip's duration, even with rounding errors.
    """
    shared = overlap_matrix(clips, union([interval for interval in truth if interval is not None]))
    within: Seconds = np.minimum(shared.sum(axis=1), durations(clips))
    return within


def uncovered(clips: Sequence[Interval], truth: Sequence[Interval | None]) -> Seconds:
    """Return the time (N,) of each clip that no annotated interval covers."""
    return durations(clips) - covered(clips, truth)


def _bounds(intervals: Sequence[Interval | None]) -> Seconds:
    rows = [_NOTHING if interval is None else interval for interval in intervals]
    return np.array(rows, dtype=np.float64).reshape(-1, 2)
