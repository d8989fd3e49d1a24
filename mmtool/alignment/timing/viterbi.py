"""The most probable placement of all snippets, over all rates."""

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.timing.lattice import Lattice
from mmtool.arrays import Floats


def viterbi(lattice: Lattice) -> tuple[NDArray[np.int64], float]:
    """Return the grid indices (M, 2) at which each snippet starts and ends, and the score of the placement.

    A dropped snippet ends where it starts. Rates are processed in turns that need about 256 MiB each.
    Raises ValueError if no placement is possible.
    """
    best_placed, best = None, -np.inf
    for rates in lattice.turns():
        placed, score = _viterbi(lattice.of_rates(rates))
        if score > best:
            best_placed, best = placed, score
    if best_placed is None:
        raise ValueError("the text does not fit into the video")
    return best_placed, best


def _viterbi(lattice: Lattice) -> tuple[NDArray[np.int64], float]:
    """The same for all rates of the lattice at once; the score is −∞ if no placement is possible."""
    snippets = len(lattice.durations)
    with np.errstate(divide="ignore"):
        kernels = [np.log(kernel) for kernel in lattice.durations]
        gap = np.broadcast_to(np.log(lattice.gap), (len(lattice.rates), len(lattice.gap)))
        drops = np.array([lattice.drop_of(j) for j in range(snippets)])
        dropped, kept = np.log(drops), np.log1p(-drops)
        some, none = np.log(lattice.gap_probability), np.log1p(-lattice.gap_probability)
    gains = np.zeros((snippets, 1)) if lattice.gain is None else lattice.gain

    first = lattice.head + lattice.boundary + lattice.rates[:, None]
    before, after = [first + lattice.start_of(0)], []
    for j in range(snippets):
        spoken = _farthest(before[j] - gains[j], kernels[j]) + gains[j] + lattice.boundary
        after.append(np.maximum(spoken + kept[j], before[j] + dropped[j]) + lattice.end_of(j))
        if j < snippets - 1:
            jump = _farthest(after[j], gap) + lattice.boundary
            before.append(np.maximum(after[j] + none[j], jump + some[j]) + lattice.start_of(j + 1))

    last = after[-1] + lattice.tail  # (R, X)
    rate, time = np.unravel_index(int(last.argmax()), last.shape)
    score = float(last[rate, time])
    placed = np.empty((snippets, 2), dtype=np.int64)
    if not np.isfinite(score):
        return placed, -np.inf
    x = int(time)
    for j in reversed(range(snippets)):
        placed[j, 1] = x
        gain = np.broadcast_to(gains[j], lattice.boundary.shape)
        back, value = _source(before[j][rate] - gain, kernels[j][rate], x)
        if value + gain[x] + lattice.boundary[x] + kept[j] >= before[j][rate, x] + dropped[j]:
            x = back
        placed[j, 0] = x
        if j:
            back, value = _source(after[j - 1][rate], gap[rate], x)
            if value + lattice.boundary[x] + some[j - 1] > after[j - 1][rate, x] + none[j - 1]:
                x = back
    return placed, score


def _farthest(scores: Floats, kernel: Floats) -> Floats:
    """``out[r, x] = max_n scores[r, x − n] + kernel[r, n]``."""
    out = np.full(scores.shape, -np.inf)
    times = scores.shape[1]
    for n in range(min(kernel.shape[1], times)):
        np.maximum(out[:, n:], scores[:, : times - n] + kernel[:, n, None], out=out[:, n:])
    return out


def _source(scores: Floats, kernel: Floats, time: int) -> tuple[int, float]:
    """The time from which ``time`` is best reached, and the score."""
    steps = min(len(kernel), time + 1)
    reached = scores[time - np.arange(steps)] + kernel[:steps]
    best = int(reached.argmax())
    return time - best, float(reached[best])
