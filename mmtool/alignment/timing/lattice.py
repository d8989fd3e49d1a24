"""Exact inference in a hidden semi-Markov model over a grid of times.

The narrator speaks snippets 1..M in order. Snippet ``j`` starts and ends at two of the X grid times,
``n`` steps apart with a probability that depends on the snippet and on the narrator's rate; between two
snippets there may be a gap. Inference sums (or maximises, in `viterbi`) over the times at which the snippets
start and end, in log space. One step of the recursion is a convolution, because all grid steps are
equal: O(M · R · X · D) for R rates and durations of at most D steps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mmtool.arrays import Floats

_BYTES_AT_ONCE = 2**28  # of scores; rates are independent and can be processed in turns


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """All scores of one video; a score is a log-probability up to a constant.

    ``durations[j]`` (R, D) is the probability (not its log) that snippet ``j`` lasts 0..D−1 steps at each
    rate, and ``gap`` (G,) that a gap does; the first entry of either is 0. ``gap_probability`` (M−1,)
    is the probability that a gap follows each snippet, ``drop_probability`` that a snippet is not
    spoken, one for all or (M,).
    ``boundary`` (X,) scores every time at which a snippet starts or ends (once where two touch),
    ``head`` and ``tail`` (X,) the times where the first starts and the last ends, ``rates`` (R,) the
    rates. ``gain`` (M, X), where given, is the score collected by snippet ``j`` up to each time.

    ``starts`` and ``ends`` (M, X), where given, are what evidence says for each time as the start and the
    end of each snippet; −∞ excludes a time. They count for a dropped snippet as well, which ends where it
    starts. ``kept`` (M,), where given, says which snippets cannot be dropped.

    In a stack of lattices (:mod:`~mmtool.alignment.timing.stack`), which `messages` and `draw` accept,
    ``durations`` is (M, R, D), and ``gap``, ``gap_probability``, ``boundary``, ``head`` and ``tail`` have an
    entry for each rate: (R, G), (M−1, R) and (R, X).
    """

    durations: Sequence[Floats] | Floats
    gap: Floats
    gap_probability: Floats
    drop_probability: float | Floats
    boundary: Floats
    head: Floats
    tail: Floats
    rates: Floats
    gain: Floats | None = None
    starts: Floats | None = None
    ends: Floats | None = None
    kept: NDArray[np.bool_] | None = None

    def start_of(self, snippet: int) -> Floats | float:
        """What evidence says (X,) for the start of a snippet."""
        return 0.0 if self.starts is None else self.starts[snippet]

    def end_of(self, snippet: int) -> Floats | float:
        """What evidence says (X,) for the end of a snippet."""
        return 0.0 if self.ends is None else self.ends[snippet]

    def drop_of(self, snippet: int) -> float:
        """The probability that a snippet is not spoken."""
        if self.kept is not None and self.kept[snippet]:
            return 0.0
        if isinstance(self.drop_probability, float):
            return self.drop_probability
        return float(np.broadcast_to(self.drop_probability, len(self.durations))[snippet])

    def of_rates(self, chosen: slice) -> "Lattice":
        return replace(self, durations=[d[chosen] for d in self.durations], rates=self.rates[chosen])

    def turns(self) -> Iterator[slice]:
        """The rates, in turns that limit the memory needed."""
        at_once = max(1, int(_BYTES_AT_ONCE // (16 * len(self.durations) * len(self.boundary))))
        for first in range(0, len(self.rates), at_once):
            yield slice(first, first + at_once)


@dataclass(frozen=True, slots=True)
class Marginals:
    """The posterior (M, X) of each snippet's start and end, and the log of the sum over all placements."""

    starts: Floats
    ends: Floats
    log_probability: float


def forward_backward(lattice: Lattice) -> Marginals:
    """Sum over all placements of all snippets, and over the rates.

    Raises ValueError if no placement is possible.
    """
    snippets, times = len(lattice.durations), len(lattice.boundary)
    starts, ends, total = np.zeros((snippets, times)), np.zeros((snippets, times)), -np.inf
    for rates in lattice.turns():
        part = _forward_backward(lattice.of_rates(rates))
        if part.log_probability > -np.inf:
            both = float(np.logaddexp(total, part.log_probability))
            for sums, new in ((starts, part.starts), (ends, part.ends)):
                sums *= np.exp(total - both)
                new *= np.exp(part.log_probability - both)
                sums += new
            total = both
    if total == -np.inf:
        raise ValueError("the text does not fit into the video")
    return Marginals(starts, ends, total)


def _forward_backward(lattice: Lattice) -> Marginals:
    """The same for all rates of the lattice at once; forward scores are (M, R, X)."""
    snippets, rates, times = len(lattice.durations), len(lattice.rates), len(lattice.boundary)
    before = np.empty((snippets, rates, times))  # up to the start of snippet j
    after = np.empty((snippets, rates, times))  # up to its end
    gap = lattice.gap[None]  # the same at every rate
    for j in range(snippets):
        kept, dropped = _logs(lattice.drop_of(j))
        if j == 0:
            before[0] = lattice.head + lattice.boundary + lattice.rates[:, None]
        else:
            none, some = _logs(lattice.gap_probability[j - 1])
            jump = convolve(after[j - 1], gap) + lattice.boundary
            before[j] = _log_add(after[j - 1] + none, jump + some)
        before[j] += lattice.start_of(j)
        gain = _gain(lattice, j)
        spoken = convolve(before[j] - gain, lattice.durations[j]) + gain + lattice.boundary
        after[j] = _log_add(spoken + kept, before[j] + dropped) if dropped > -np.inf else spoken
        after[j] += lattice.end_of(j)

    starts, ends = np.empty((snippets, times)), np.empty((snippets, times))
    total = float(_log_sum(_log_sum(after[-1] + lattice.tail, axis=1), axis=0))
    if not np.isfinite(total):
        return Marginals(np.zeros((snippets, times)), np.zeros((snippets, times)), -np.inf)
    beyond = np.broadcast_to(lattice.tail, (rates, times))  # from the end of snippet j
    for j in reversed(range(snippets)):
        ends[j] = np.exp(after[j] + beyond - total).sum(axis=0)
        kept, dropped = _logs(lattice.drop_of(j))
        beyond = beyond + lattice.end_of(j)
        gain = _gain(lattice, j)
        spoken = convolve_back(beyond + lattice.boundary + gain, lattice.durations[j]) - gain
        ahead = _log_add(spoken + kept, beyond + dropped) if dropped > -np.inf else spoken
        starts[j] = np.exp(before[j] + ahead - total).sum(axis=0)
        if j:
            ahead = ahead + lattice.start_of(j)
            none, some = _logs(lattice.gap_probability[j - 1])
            jump = convolve_back(ahead + lattice.boundary, gap)
            beyond = _log_add(ahead + none, jump + some)
    return Marginals(starts, ends, total)


def convolve(scores: Floats, kernel: Floats) -> Floats:
    """``out[r, x] = log Σ_n exp(scores[r, x − n]) · kernel[r, n]`` for scores (R, X), kernel (R or 1, D).

    Works block by block, each with its own reference score, so that only terms are lost that are smaller by
    a factor of e^700 than the greatest one within some D steps.
    """
    rates, times = scores.shape
    reach = kernel.shape[1]
    block = max(reach // 2, 16)
    blocks, width = -(-times // block), block + reach - 1
    padded = np.full((rates, blocks * block + reach - 1), -np.inf)
    padded[:, reach - 1 : reach - 1 + times] = scores
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1)[:, ::block]  # (R, blocks, W)
    reference = windows.max(axis=2, keepdims=True)
    reference = np.where(np.isfinite(reference), reference, 0.0)
    # toeplitz[r, w, b] = kernel[r, b + reach − 1 − w], 0 outside of the kernel
    strip = np.zeros((len(kernel), width + block))
    strip[:, width - reach : width] = kernel
    toeplitz = np.lib.stride_tricks.sliding_window_view(strip, block, axis=1)[:, width - 1 :: -1]
    sums = np.matmul(np.exp(windows - reference), np.ascontiguousarray(toeplitz))  # (R, blocks, block)
    with np.errstate(divide="ignore"):
        out = np.log(sums) + reference
    result: Floats = out.reshape(rates, blocks * block)[:, :times]  # (R, X)
    return result


def convolve_back(scores: Floats, kernel: Floats) -> Floats:
    """``out[r, x] = log Σ_n exp(scores[r, x + n]) · kernel[r, n]``."""
    return convolve(scores[:, ::-1], kernel)[:, ::-1]


def _gain(lattice: Lattice, snippet: int) -> Floats | float:
    return 0.0 if lattice.gain is None else lattice.gain[snippet]


def _logs(probability: float) -> tuple[float, float]:
    """The log-probabilities of the event's absence and of the event."""
    with np.errstate(divide="ignore"):
        return float(np.log1p(-probability)), float(np.log(probability))


def _log_add(left: Floats, right: Floats) -> Floats:
    """``log(exp(left) + exp(right))``, several times faster than `numpy.logaddexp`."""
    greatest = np.maximum(left, right)
    reference = np.where(np.isfinite(greatest), greatest, 0.0)
    with np.errstate(divide="ignore"):
        added: Floats = np.log(np.exp(left - reference) + np.exp(right - reference)) + reference
    return added


def _log_sum(scores: Floats, *, axis: int) -> Floats:
    greatest = scores.max(axis=axis, keepdims=True)
    greatest = np.where(np.isfinite(greatest), greatest, 0.0)
    with np.errstate(divide="ignore"):
        summed: Floats = np.squeeze(
            np.log(np.exp(scores - greatest).sum(axis=axis, keepdims=True)) + greatest, axis
        )
    return summed
