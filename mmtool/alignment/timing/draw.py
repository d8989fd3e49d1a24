"""Placements drawn from the posterior of a semi-Markov lattice: forward filtering, backward sampling."""

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.timing.messages import Messages, Passes
from mmtool.arrays import Floats

Indices = NDArray[np.int64]


def draw_placements(passes: Passes, messages: Messages, counts: Indices, rng: np.random.Generator) -> Indices:
    """Grid indices (K, M, 2) of the start and the end of each snippet; ``counts`` (R,) of them at each rate.

    A dropped snippet ends where it starts.
    """
    lattice, snippets = passes.lattice, len(passes.lattice.durations)
    rate = np.repeat(np.arange(len(passes.rates)), counts)
    own = passes.rates[rate]  # the rate's number in the lattice
    boundary = np.exp(lattice.boundary)
    placed = np.empty((len(rate), snippets, 2), dtype=np.int64)
    tail = np.exp(_of_rates(lattice.tail, passes.rates))
    last = np.cumsum(messages.after[-1].astype(np.float64) * tail, axis=1)  # (R, X)
    drawn = rng.random(len(rate)) * last[rate, -1]
    x = np.minimum((last[rate] <= drawn[:, None]).sum(axis=1), last.shape[1] - 1)
    for j in reversed(range(snippets)):
        placed[:, j, 1] = x
        gain = None if lattice.gain is None else lattice.gain[j]
        start, spoken = _origin(messages.before[j], lattice.durations[j][own], rate, x, rng, gain)
        dropped = lattice.drop_of(j) * messages.before[j][rate, x]
        spoken = (1 - lattice.drop_of(j)) * spoken * _at(boundary, own, x)
        x = np.where(rng.random(len(x)) * (dropped + spoken) < dropped, x, start)
        placed[:, j, 0] = x
        if j and passes.has_gap[j - 1]:
            some = lattice.gap_probability[j - 1]
            some = some[own] if lattice.gap_probability.ndim == 2 else some
            end, gap = _origin(messages.after[j - 1], _of_rates(lattice.gap, own), rate, x, rng, None)
            gap = some * gap * _at(boundary, own, x)
            none = (1 - some) * messages.after[j - 1][rate, x]
            x = np.where(rng.random(len(x)) * (none + gap) < gap, end, x)
    return placed


def _of_rates(values: Floats, rates: Indices) -> Floats:
    """The values (K, X) at each of K rates; values are (R, X), or (X,) for all rates."""
    return values[rates] if values.ndim == 2 else values[None]


def _at(values: Floats, rates: Indices, x: Indices) -> Floats:
    """The values (K,) at grid times; values are (R, X), or (X,) for all rates."""
    return values[rates, x] if values.ndim == 2 else values[x]


def _origin(
    scores: Floats, kernel: Floats, rate: Indices, x: Indices, rng: np.random.Generator, gain: Floats | None
) -> tuple[Indices, Floats]:
    """The time (K,) from which each draw came to ``x`` (K,), and the mass (K,) of all such times."""
    reach = kernel.shape[1]
    padded = np.zeros((len(scores), reach - 1 + scores.shape[1]), scores.dtype)
    padded[:, reach - 1 :] = scores
    last = rate * padded.shape[1] + x + reach - 1  # (K,) in the flattened scores
    mass = padded.ravel().take(last[:, None] - np.arange(reach)) * kernel  # (K, D)
    if gain is not None:
        inside = np.maximum(x[:, None] - np.arange(reach), 0)
        mass = mass * np.exp(np.clip(gain[x][:, None] - gain[inside], -300, 300))
    cumulated = np.cumsum(mass, axis=1)
    total = cumulated[:, -1]
    back = (cumulated <= (rng.random(len(x)) * total)[:, None]).sum(axis=1)
    return x - np.minimum(back, reach - 1), total
