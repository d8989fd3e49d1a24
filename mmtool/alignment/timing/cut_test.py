"""Whether a film's cuts follow its text: a test by permutation.

Cuts attract the boundaries of snippets where a film was edited to its narration, and mislead elsewhere. The
evidence of a narration that follows the cuts cannot tell by itself, because it also depends on how many cuts
there are. It is therefore compared with its own values for the same clips in other orders.
"""

from collections.abc import Sequence

import numpy as np

from mmtool.alignment.timing.hypotheses import CUT_ATTRACTION, CUT_WIDTH
from mmtool.alignment.timing.lattice import Lattice
from mmtool.alignment.timing.messages import Passes, is_long, is_small
from mmtool.arrays import Floats

FIRST, MORE = 8, 8  # orders of the clips; more are tried unless the first are clear, or the film is long
_CLEAR = (-0.5, 6.0)  # scores outside are clear
_LEAST_DEVIATION = 0.5  # of the log-evidence between orders
_PLAUSIBLE = 12.0  # nats; rates with less evidence than the best by more are left out
_VALUES_AT_ONCE = 2**23

SHARE_PRIOR = (1.05, 1.95)  # films whose cuts follow the text, and others, that are assumed beforehand
_ROUNDS = 100
FOLLOWING = (2.5, 1.3)  # mean and standard deviation of the score where cuts follow the text; else 0 and 1


def cut_score(lattice: Lattice, evidence: Floats, bounds: Floats, grid: Floats) -> float:
    """By how many standard deviations the cuts fit better than the same clips in random orders.

    Args:
        lattice: The narration that follows the cuts.
        evidence: Its log-evidence (R,) at each rate with the film's own cuts.
        bounds: The film's cuts (N + 1,), ends included.
        grid: The lattice's times (X,).

    Returns:
        The score; 0 for a film of fewer than three clips. The orders are the same in every call.
    """
    clips = np.diff(bounds)
    if len(clips) < 3 or not np.isfinite(evidence).any():
        return 0.0
    rates = np.flatnonzero(evidence > evidence.max() - _PLAUSIBLE)
    own = _log_sum(evidence[rates])
    passes = Passes(lattice, rates, np.float32)
    rng = np.random.default_rng(0)
    others: list[float] = []
    score = 0.0
    for wanted in (FIRST, FIRST + MORE):
        if len(others) < wanted:
            # of a small film, all orders together take hardly longer than some
            count = FIRST + MORE if is_small(lattice) else wanted - len(others)
            orders = np.cumsum([rng.permutation(clips) for _ in range(count)], axis=1)
            others += _evidence(passes, _attractions(bounds[0] + orders, grid))
        score = _standardised(own, others[:wanted])
        if is_long(lattice) or not _CLEAR[0] < score < _CLEAR[1]:
            break
    return score


def _standardised(own: float, others: Sequence[float]) -> float:
    return (own - float(np.mean(others))) / max(float(np.std(others, ddof=1)), _LEAST_DEVIATION)


def _attractions(ends: Floats, grid: Floats) -> Floats:
    """The attraction (S, X) of the cuts of S films with clips that end at (S, N)."""
    sets, clips = ends.shape
    apart = 2 * (grid[-1] - grid[0]) * np.arange(sets)[:, None]  # so that one search finds the cuts of all
    bounds = (np.concatenate([np.full((sets, 1), grid[0]), ends], axis=1) + apart).ravel()
    times = grid + apart  # (S, X)
    first = (clips + 1) * np.arange(sets)[:, None]
    after = np.clip(np.searchsorted(bounds, times), first + 1, first + clips)
    distance = np.minimum(np.abs(times - bounds[after - 1]), np.abs(times - bounds[after]))
    potential = 1 + CUT_ATTRACTION * np.exp(-distance / CUT_WIDTH)
    relative: Floats = np.log(potential / potential.mean(axis=1, keepdims=True))
    return relative


def log_odds_of_following(score: float) -> float:
    """The log-odds, before any prior, that cuts with this score follow the text."""
    mean, deviation = FOLLOWING
    limited = min(score, mean)  # a greater score does not speak against it
    return float(0.5 * limited**2 - 0.5 * ((limited - mean) / deviation) ** 2 - np.log(deviation))


def learned_share(scores: Sequence[float]) -> float:
    """The share of films whose cuts follow their texts, learned from the scores of the films by EM.

    Its prior is Beta(:data:`SHARE_PRIOR`), whose mode is what is assumed of a single film.
    """
    odds = np.array([log_odds_of_following(score) for score in scores])
    above, below = SHARE_PRIOR
    share = above / (above + below)
    for _ in range(_ROUNDS):
        following = 1 / (1 + np.exp(-(odds + np.log(share / (1 - share)))))
        share = (above + float(following.sum())) / (above + below + len(odds))
    return share


def _evidence(passes: Passes, boundaries: Floats) -> list[float]:
    """The log-evidence of each of S sets of cuts (S, X), as many at a time as memory allows."""
    at_once = max(1, _VALUES_AT_ONCE // (len(passes.rates) * boundaries.shape[1]))
    parts = [passes.evidence(boundaries[i : i + at_once]) for i in range(0, len(boundaries), at_once)]
    return [_log_sum(column) for column in np.concatenate(parts, axis=1).T]


def _log_sum(scores: Floats) -> float:
    greatest = scores.max()
    return float(greatest + np.log(np.exp(scores - greatest).sum())) if np.isfinite(greatest) else -700.0
