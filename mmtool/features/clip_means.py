"""Rows with times → features of clips."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmtool.records import Clip

FARTHEST = 2.0  # times the usual distance of two rows that a clip's row may be away from it
LEAST = 1.0  # seconds that it may be away in any case


class UncoveredError(ValueError):
    """A clip near which there are no rows; the message completes “FILE: the film …”."""


def rows_at_rate(count: int, fps: float) -> NDArray[np.float64]:
    """The times (R, 2) of rows at a fixed rate: row ``i`` is at ``i / fps`` seconds."""
    times = np.arange(count) / fps
    return np.stack([times, times], axis=1)


def mean_over_clips(
    features: NDArray[np.float32], spans: NDArray[np.float64], clips: Sequence[Clip]
) -> NDArray[np.float32]:
    """The mean (N, D) of the rows whose middle lies in each of N clips.

    A clip without such a row gets the last row before its own middle, as a frame stays on the screen until
    the next.

    Args:
        features: (R, D).
        spans: (R, 2): start and end of each row, in seconds.
        clips: N clips.

    Raises:
        UncoveredError: A clip has no row near it.
    """
    middles = spans.mean(axis=1)
    order = np.argsort(middles, kind="stable")
    middles = middles[order]
    usual = float(np.median(np.diff(middles))) if len(middles) > 1 else 0.0
    means = np.empty((len(clips), features.shape[1]), np.float32)
    for number, clip in enumerate(clips):
        first, end = np.searchsorted(middles, [clip.start, clip.end], side="left")
        if first == end:
            middle = (clip.start + clip.end) / 2
            first = max(int(np.searchsorted(middles, middle, side="right")) - 1, 0)
            end = first + 1
            away = abs(middles[first] - middle) if len(middles) else np.inf
            if away > max(FARTHEST * usual, LEAST):
                raise UncoveredError(f"has no row near the clip of {clip.start:.2f}–{clip.end:.2f} s")
        means[number] = features[order[first:end]].mean(axis=0, dtype=np.float64)
    return means
