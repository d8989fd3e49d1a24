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
    lattice = passes.lattice
    boundary = np.exp(lattice.boundary)
    rate = np.repeat(np.arange(len(passes.rates)), counts)
    snippets = len(lattice.durations)
    placed = np.empty((len(rate), snippets, 2), dtype=np.int64)
    last = np.cumsum(messages.after[-1].astype(np.float64) * np.exp(lattice.tail), axis=1)  # (R, X)
    drawn = rng.random(len(rate)) * last[rate, -1]
    x = np.minimum((last[rate] <= drawn[:, None]).sum(axis=1), last.shape[1] - 1)
    for j in reversed(range(snippets)):
        placed[:, j, 1] = x
        kernel = lattice.durations[j][passes.rates][rate]  # (K, D)
        gain = None if lattice.gain is None else lattice.gain[j]
        start, spoken = _origin(messages.before[j], kernel, rate, x, rng, gain)
        dropped = lattice.drop_of(j) * messages.before[j][rate, x]
        spoken = (1 - lattice.drop_of(j)) * spoken * boundary[x]
        x = np.where(rng.random(len(x)) * (dropped + spoken) < dropped, x, start)
        placed[:, j, 0] = x
        some = lattice.gap_probability[j - 1] if j else 0.0
        if some:
            kernel = np.broadcast_to(lattice.gap, (len(rate), len(lattice.gap)))
            end, gap = _origin(messages.after[j - 1], kernel, rate, x, rng, None)
            gap = some * gap * boundary[x]
            none = (1 - some) * messages.after[j - 1][rate, x]
            x = np.where(rng.random(len(x)) * (none + gap) < gap, end, x)
    return placed


def _origin(
    scores: Floats, kernel: Floats, rate: Indices, x: Indices, rng: np.random.Generator, gain: Floats | None
) -> tuple[Indices, Floats]:
    """The time (K,) from which each draw came to ``x`` (K,), and the mass (K,) of all such times."""
    source = x[:, None] - np.arange(kernel.shape[1])  # (K, D)
    inside = np.maximum(source, 0)
    mass = np.where(source >= 0, scores[rate[:, None], inside], 0.0) * kernel
    if gain is not None:
        mass = mass * np.exp(np.clip(gain[x][:, None] - gain[inside], -300, 300))
    cumulated = np.cumsum(mass, axis=1)
    total = cumulated[:, -1]
    back = (cumulated <= (rng.random(len(x)) * total)[:, None]).sum(axis=1)
    return x - np.minimum(back, kernel.shape[1] - 1), total
