"""Dynamic time warping (Sakoe and Chiba 1978): every clip and every snippet has a partner."""

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.similarity.confidence import Matches
from mmtool.arrays import Floats

_LEFT, _UP, _DIAGONAL = (0, 1), (1, 0), (1, 1)  # (snippets, clips) that a step goes back


def dtw(similarity: Floats) -> Matches:
    """Match M snippets with N clips along the path of least cost, see :func:`costs`.

    Each snippet has one interval of clips, and nothing remains unmatched: if the path passes several snippets
    at one clip, that clip is matched with each of them.
    """
    path, _ = warp(costs(similarity))
    return tuple((int(clip), int(snippet)) for snippet, clip in path)


def costs(similarity: Floats) -> Floats:
    """The costs (M, N), at least 0: how much each pair lacks to the greatest similarity of the video."""
    missing: Floats = similarity.max() - similarity
    return missing


def warp(costs: Floats) -> tuple[NDArray[np.int64], float]:
    """Return the cheapest path (T, 2) through costs (M, N), from corner to corner, and its cost.

    ``total = cost + min(left, diagonal, up)``; among equal steps the diagonal is preferred. The cells of an
    anti-diagonal do not depend on each other and are computed at once.
    """
    rows, columns = costs.shape
    row = np.arange(rows)
    column = np.arange(rows + columns - 1)[:, None] - row  # (M + N − 1, M) of each anti-diagonal
    inside = (column >= 0) & (column < columns)
    totals = np.where(inside, costs[row, np.clip(column, 0, columns - 1)], np.inf)
    for d in range(1, len(totals)):
        best = totals[d - 1].copy()  # left
        np.minimum(best[1:], totals[d - 1, :-1], out=best[1:])  # up
        if d > 1:
            np.minimum(best[1:], totals[d - 2, :-1], out=best[1:])  # diagonal
        totals[d] += best
    return _traced(totals, columns), float(totals[-1, -1])


def _traced(totals: Floats, columns: int) -> NDArray[np.int64]:
    """Follow the cheapest predecessors from the last cell; ``totals[i + j, i]`` belongs to cell (i, j)."""
    i, j = totals.shape[1] - 1, columns - 1
    path = [(i, j)]
    while i or j:
        steps = [(di, dj) for di, dj in (_DIAGONAL, _LEFT, _UP) if di <= i and dj <= j]
        di, dj = min(steps, key=lambda step: totals[i - step[0] + j - step[1], i - step[0]])
        i, j = i - di, j - dj
        path.append((i, j))
    return np.array(path[::-1], dtype=np.int64)
