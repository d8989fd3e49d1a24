"""Baselines that look at lengths only: what any model must beat.

Each takes the N clips of a video, in order, and the M texts, and returns matches (clip, snippet).
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from mmtool.records import Interval

Matches = tuple[tuple[int, int], ...]
Baseline = Callable[[Sequence[Interval], Sequence[str]], Matches]


def all_unmatched(_clips: Sequence[Interval], _texts: Sequence[str]) -> Matches:
    """Leave every clip unmatched."""
    return ()


def uniform(clips: Sequence[Interval], texts: Sequence[str]) -> Matches:
    """Give each text an equal part of the video."""
    return _spread(clips, [1] * len(texts))


def proportional(clips: Sequence[Interval], texts: Sequence[str]) -> Matches:
    """Give each text a part of the video proportional to its characters and the following space."""
    return _spread(clips, [len(text) + 1 for text in texts])


BASELINES: Mapping[str, Baseline] = MappingProxyType(
    {"all unmatched": all_unmatched, "uniform": uniform, "proportional to length": proportional}
)


def _spread(clips: Sequence[Interval], weights: Sequence[int]) -> Matches:
    """Divide the time from the first clip's start to the last one's end by weight, in order.

    Each clip is matched with the snippet whose part contains the clip's midpoint.
    """
    if not clips or not weights:
        return ()
    shares = np.cumsum(weights) / sum(weights)  # (M,)
    ends = clips[0].start + shares * (clips[-1].end - clips[0].start)  # (M,)
    midpoints = [(clip.start + clip.end) / 2 for clip in clips]
    owners = np.searchsorted(ends[:-1], midpoints, side="right")  # (N,); the last text has all the rest
    return tuple((clip, int(owner)) for clip, owner in enumerate(owners))
