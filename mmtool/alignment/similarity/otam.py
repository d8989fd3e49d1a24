"""Ordered temporal alignment (after Cao et al. 2020, OTAM): time warping with a free head and tail."""

import numpy as np

from mmtool.alignment.similarity.confidence import Matches
from mmtool.alignment.similarity.dtw import costs, warp
from mmtool.arrays import Floats


def otam(similarity: Floats) -> Matches:
    """Match M snippets with one stretch of the N clips; the clips before and behind it cost nothing.

    Between the first and the last matched clip nothing stays unmatched, as in `dtw`. As every matched pair
    costs what it lacks of the greatest similarity, the stretch is short where few pairs are alike.
    """
    free = np.zeros((1, similarity.shape[1]))
    path, _ = warp(np.vstack([free, costs(similarity), free]))  # (M + 2, N)
    return tuple((int(clip), int(row) - 1) for row, clip in path if 0 < row <= len(similarity))
