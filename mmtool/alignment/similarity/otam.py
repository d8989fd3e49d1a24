"""Ordered temporal alignment (after Cao et al. 2020, OTAM): time warping with a free head and tail."""

import numpy as np

from mmtool.alignment.similarity.confidence import Matches
from mmtool.alignment.similarity.dtw import costs, warp
from mmtool.arrays import Floats


def otam(similarity: Floats, pinned: Floats | None = None) -> Matches:
    """Match M snippets with one stretch of the N clips; the clips before and after it cost nothing.

    Between the first and the last matched clip nothing remains unmatched, as in `dtw`. Because every matched
    pair costs its distance from the greatest similarity, the stretch is short if few pairs are similar.
    ``pinned`` (N,), if given, is what it costs to leave out each clip.
    """
    free = np.zeros((1, similarity.shape[1])) if pinned is None else pinned[None]
    path, _ = warp(np.vstack([free, costs(similarity), free]))  # (M + 2, N)
    return tuple((int(clip), int(row) - 1) for row, clip in path if 0 < row <= len(similarity))
