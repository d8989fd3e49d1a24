"""Forward and backward messages of the semi-Markov lattice, scaled instead of in log space.

A message (R, S, X) holds, for each of R rates and each of S sets of cuts, the probability of each grid time
up to a factor, whose logarithm (R, S) is kept beside it. The factor is renewed at every snippet, so that only
values are lost that are smaller by a factor of 10^300 than the greatest of their row. That costs a fraction
of the time of :mod:`~mmtool.alignment.timing.lattice`, which works in log space.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.timing.convolution import Convolution
from mmtool.alignment.timing.durations import together
from mmtool.alignment.timing.lattice import Lattice
from mmtool.arrays import Floats

Indices = NDArray[np.int64]


_EVERYWHERE = slice(None)
_LONG, _SMALL = 2**21, 2**12  # snippets times grid times


def is_long(lattice: Lattice) -> bool:
    """Whether a lattice is so large that single precision and fewer trials are worth it."""
    return _size(lattice) > _LONG


def is_small(lattice: Lattice) -> bool:
    """Whether a lattice is so small that the number of calls, not the arithmetic, takes the time."""
    return _size(lattice) <= _SMALL


def _size(lattice: Lattice) -> int:
    """Snippets times grid times."""
    return len(lattice.durations) * int(lattice.boundary.shape[-1])


@dataclass(frozen=True, slots=True)
class Messages:
    """Forward messages (M, R, X) up to the start of each snippet, and up to its end; rows are scaled.

    ``evidence`` (R,) is the log of the sum over all placements at each rate, the rate's prior included.
    """

    before: Floats
    after: Floats
    evidence: Floats


class Passes:
    """Forward and backward passes over a lattice, at all of its rates or at the chosen ones.

    ``precision`` is float32 or float64, by default the one that suits the size of the lattice.
    """

    def __init__(
        self,
        lattice: Lattice,
        rates: Sequence[int] | Indices | None = None,
        precision: Any = None,
    ) -> None:
        precision = precision or (np.float32 if is_long(lattice) else np.float64)
        self.lattice, self.precision = lattice, precision
        chosen = range(len(lattice.rates)) if rates is None else rates
        self.rates = np.array(list(chosen), dtype=np.int64)
        self.boundary, self.head, self.tail = map(
            self._at_rates, (lattice.boundary, lattice.head, lattice.tail)
        )
        some = lattice.gap_probability
        some = some[:, None] if some.ndim == 1 else some[:, self.rates]
        self.gap_probability = some[..., None, None].astype(precision)  # (M−1, 1 or R, 1, 1)
        self.has_gap = [bool(row.any()) for row in some]  # (M−1,)
        gap = lattice.gap[None] if lattice.gap.ndim == 1 else lattice.gap[self.rates]
        self.gap = Convolution(gap.astype(precision)) if any(self.has_gap) else None
        self.may_start, self.may_end = possible_times(lattice.starts), possible_times(lattice.ends)
        self._kernels: Sequence[Convolution] | None = None
        if is_small(lattice):
            self._kernels = Convolution.each(together(lattice.durations)[:, self.rates].astype(precision))

    def evidence(self, boundaries: Floats | None = None) -> Floats:
        """The log-evidence (R, S) at each rate under S sets of cuts (S, X), or under the lattice's own."""
        boundary = self.boundary if boundaries is None else np.exp(boundaries[None]).astype(self.precision)
        scores, scale = self._first(boundary)
        for j in range(len(self.lattice.durations)):
            if j:
                scores = self._after_gap(scores, j - 1, boundary)
            scores = self._after_snippet(self._started(scores, j), j, boundary)
            scale += _rescale(scores)
        total = (scores * self.tail).sum(axis=2, dtype=np.float64)
        with np.errstate(divide="ignore"):
            evidence: Floats = np.log(total) + scale
        return evidence

    def forward(self) -> Messages:
        """All forward messages."""
        boundary = self.boundary
        shape = (len(self.lattice.durations), len(self.rates), self.lattice.boundary.shape[-1])
        before, after = np.empty(shape, self.precision), np.empty(shape, self.precision)
        scores, scale = self._first(boundary)
        for j in range(len(self.lattice.durations)):
            if j:
                scores = self._after_gap(scores, j - 1, boundary)
            scores = self._started(scores, j)
            before[j] = scores[:, 0]
            scores = self._after_snippet(scores, j, boundary)
            scale += _rescale(scores)
            after[j] = scores[:, 0]
        total = (after[-1] * self.tail[:, 0]).sum(axis=1, dtype=np.float64)
        with np.errstate(divide="ignore"):
            return Messages(before, after, np.log(total) + scale[:, 0])

    def backward(self, messages: Messages, weights: Floats) -> tuple[Floats, Floats]:
        """The posterior (M, X) of each snippet's start and of its end; rates have ``weights`` (R,)."""
        boundary, lattice = self.boundary, self.lattice
        snippets, rates, times = messages.before.shape
        starts, ends = np.empty((snippets, times)), np.empty((snippets, times))
        scores = np.broadcast_to(self.tail, (rates, 1, times)).copy()
        for j in reversed(range(snippets)):
            dropped, own = self.precision(lattice.drop_of(j)), self._told(j)
            ends[j] = _product(messages.after[j], scores[:, 0], weights)
            scores = self._ended(scores, j)[..., own]
            ahead = self._kernel(j, own).back(scores * boundary[..., own], self._gain(j, own))
            scores = _within(ahead if not dropped else (1 - dropped) * ahead + dropped * scores, own, times)
            starts[j] = _product(messages.before[j], scores[:, 0], weights)
            if not j:
                break
            scores = self._started(scores, j)
            if self.gap is not None and self.has_gap[j - 1]:
                some, own = self.gap_probability[j - 1], self._between(j - 1)
                part = scores[..., own]
                scores = _within(
                    (1 - some) * part + some * self.gap.back(part * boundary[..., own]), own, times
                )
            _rescale(scores)
        return starts, ends

    def _first(self, boundary: Floats) -> tuple[Floats, Floats]:
        scores = np.broadcast_to(self.head * boundary, (len(self.rates), *boundary.shape[1:])).copy()
        return scores, np.repeat(self.lattice.rates[self.rates][:, None], boundary.shape[1], axis=1)

    def _at_rates(self, scores: Floats) -> Floats:
        """exp of scores (X,) of all rates, or (R, X), with an axis for sets of cuts: (1 or R, 1, X)."""
        chosen = scores[None] if scores.ndim == 1 else scores[self.rates]
        potential: Floats = np.exp(chosen[:, None]).astype(self.precision)
        return potential

    def _after_snippet(self, scores: Floats, snippet: int, boundary: Floats) -> Floats:
        dropped, own = self.precision(self.lattice.drop_of(snippet)), self._told(snippet)
        part = scores[..., own]
        after: Floats = self._kernel(snippet, own)(part, self._gain(snippet, own)) * boundary[..., own]
        if dropped:
            after *= 1 - dropped
            after += dropped * part
        return self._ended(_within(after, own, scores.shape[-1]), snippet)

    def _told(self, snippet: int) -> slice:
        """The times from the first at which a snippet may start to the last at which it may end."""
        return _span(self.may_start, snippet, self.may_end, snippet)

    def _between(self, snippet: int) -> slice:
        """The times from the first at which a snippet may end to the last at which the next may start."""
        return _span(self.may_end, snippet, self.may_start, snippet + 1)

    def _started(self, scores: Floats, snippet: int) -> Floats:
        return scores if self.lattice.starts is None else scores * self._factor(self.lattice.starts[snippet])

    def _ended(self, scores: Floats, snippet: int) -> Floats:
        return scores if self.lattice.ends is None else scores * self._factor(self.lattice.ends[snippet])

    def _factor(self, scores: Floats) -> Floats:
        factor: Floats = np.exp(scores).astype(self.precision)
        return factor

    def _after_gap(self, scores: Floats, snippet: int, boundary: Floats) -> Floats:
        if self.gap is None or not self.has_gap[snippet]:
            return scores
        some, own = self.gap_probability[snippet], self._between(snippet)
        part = scores[..., own]
        gapped = (1 - some) * part + some * (self.gap(part) * boundary[..., own])
        return _within(gapped, own, scores.shape[-1])

    def _kernel(self, snippet: int, own: slice) -> Convolution:
        if self._kernels is not None:
            return self._kernels[snippet]
        kernel = self.lattice.durations[snippet][self.rates]
        if own != _EVERYWHERE:
            kernel = kernel[:, : max(own.stop - own.start, 2)]  # no longer than the times between
        return Convolution(kernel.astype(self.precision))

    def _gain(self, snippet: int, own: slice) -> Floats | None:
        gain = self.lattice.gain
        return None if gain is None else gain[snippet, own].astype(self.precision)


def possible_times(scores: Floats | None) -> Indices | None:
    """The first possible time of each row (M, X) of scores, and the one after the last: (M, 2).

    None where nothing is excluded. Pins leave few times for each snippet, and the others need no work.
    """
    if scores is None:
        return None
    found = np.array([_possible(row) for row in scores])
    return None if (found == (0, scores.shape[1])).all() else found


def _possible(row: Floats) -> tuple[int, int]:
    possible = row > -np.inf
    return int(possible.argmax()), len(row) - int(possible[::-1].argmax())


def _span(first: Indices | None, begin: int, last: Indices | None, end: int) -> slice:
    if first is None or last is None:
        return _EVERYWHERE
    start = int(first[begin, 0])
    return slice(start, max(start + 1, int(last[end, 1])))


def _within(part: Floats, own: slice, times: int) -> Floats:
    """Scores that are 0 at all other times than their own."""
    if own == _EVERYWHERE:
        return part
    whole = np.zeros((*part.shape[:-1], times), dtype=part.dtype)
    whole[..., own] = part
    return whole


def _rescale(scores: Floats) -> Floats:
    """Divide each row by its greatest value, in place; return the logs (R, S) of the factors."""
    greatest = scores.max(axis=-1, keepdims=True)
    factor = np.where(greatest > 0, greatest, 1)
    scores /= factor
    logs: Floats = np.log(factor[..., 0].astype(np.float64))
    return logs


def _product(forward: Floats, backward: Floats, weights: Floats) -> Floats:
    """The mean over the rates (R,) of the posteriors that two messages (R, X) make together."""
    product = forward.astype(np.float64) * backward
    total = product.sum(axis=1, keepdims=True)
    mean: Floats = weights @ (product / np.where(total > 0, total, 1.0))
    return mean
