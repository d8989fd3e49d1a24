"""One hypothesis on one film: its evidence, then its posterior and placements drawn from it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.timing.draw import draw_placements
from mmtool.alignment.timing.lattice import Lattice
from mmtool.alignment.timing.messages import Passes
from mmtool.alignment.timing.narration import TimedVideo
from mmtool.arrays import Floats

Indices = NDArray[np.int64]

LEAST_PRIOR = 1e-6  # of a hypothesis that evidence may confirm
LEAST_WEIGHT = 0.03  # of a hypothesis that is worked out
_LEAST_RATE = 1e-4  # of a rate in the posterior of its hypothesis
_BYTES_AT_ONCE = 2**28  # of messages


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A lattice over the grid of ``video``.

    ``unseen`` is the share of a snippet's time in which the pictures show something else, the same at all
    rates or (R,).
    """

    name: str
    video: TimedVideo
    lattice: Lattice
    unseen: float | Floats = 0.0


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a hypothesis places M snippets on N clips.

    ``posterior`` (M, N) is the probability that each clip belongs to each snippet; ``first`` and ``end``
    (K, M) are the clips of K drawn placements, ``end`` exclusive.
    """

    posterior: Floats
    first: Indices
    end: Indices


def rate_evidence(hypothesis: Hypothesis) -> Floats:
    """The log-evidence (R,) of the film's length and cuts at each rate."""
    evidence: Floats = Passes(hypothesis.lattice).evidence()[:, 0]
    return evidence


def log_sum(scores: Floats) -> float:
    """``log Σ exp(scores)``; −∞ where all of them are."""
    greatest = float(scores.max(initial=-np.inf))
    return greatest + float(np.log(np.exp(scores - greatest).sum())) if np.isfinite(greatest) else -np.inf


def that_count(evidence: Floats) -> Floats:
    """The log-weights (R,) of rates with this log-evidence; −∞ for those of little weight."""
    logs = evidence - log_sum(evidence)
    logs = np.where(logs > np.log(_LEAST_RATE), logs, -np.inf)
    return logs - log_sum(logs)


def place(hypothesis: Hypothesis, log_weights: Floats, draws: int, rng: np.random.Generator) -> Placement:
    """The posterior under a hypothesis with the log-weights (R,) of its rates, and ``draws`` placements.

    Rates without weight are left out, and the others processed in turns that limit the memory.
    """
    lattice, cells = hypothesis.lattice, hypothesis.video.cells
    rates = np.flatnonzero(log_weights > -np.inf)
    weights = np.exp(log_weights[rates] - log_sum(log_weights))
    weights /= weights.sum()
    counts = rng.multinomial(draws, weights)
    unseen = hypothesis.unseen
    shown = weights * (1 - (unseen if isinstance(unseen, float) else unseen[rates]))
    snippets, times = len(lattice.durations), lattice.boundary.shape[-1]
    at_once = max(1, _BYTES_AT_ONCE // (16 * snippets * times))
    posterior = np.zeros((snippets, len(cells)))
    drawn = []
    for turn in range(0, len(rates), at_once):
        part = slice(turn, turn + at_once)
        passes = Passes(lattice, rates[part])
        messages = passes.forward()
        starts, ends = passes.backward(messages, shown[part])
        posterior += (np.cumsum(starts, axis=1) - np.cumsum(ends, axis=1))[:, cells]
        if counts[part].sum():
            drawn.append(draw_placements(passes, messages, counts[part], rng))
    placed = np.concatenate(drawn) if drawn else np.zeros((0, snippets, 2), dtype=np.int64)
    return Placement(
        posterior=np.clip(posterior, 0.0, 1.0),
        first=np.searchsorted(cells, placed[..., 0]),
        end=np.searchsorted(cells, placed[..., 1]),
    )
