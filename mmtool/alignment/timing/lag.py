"""By how much the times of words are early: a constant of each film, told by its cuts.

Recognisers' times are early or late by some tenths of a second, and a transcript of another edition by
seconds. Where a film is cut to its narration, the first words of snippets lie near cuts if they are shifted
by the right lag. Other lags may fit by chance, so several are proposed; the lattice decides between them.
"""

from typing import NamedTuple

import numpy as np

from mmtool.alignment.timing.narration import cut_potential
from mmtool.arrays import Floats

MEAN, DEVIATION = 0.4, 0.4  # seconds; of most transcripts
OTHER_EDITION = 0.02  # probability of any other lag, up to:
FARTHEST = 12.0  # seconds
PROPOSED = 5

_STEP = 0.05  # seconds
_ATTRACTION, _WIDTH = 40.0, 0.15
_WORSE = 25.0  # nats; lags that fit so much worse than the best are not proposed


class Lag(NamedTuple):
    """Seconds that the times of words are early, and the logarithm of how probable that is beforehand.

    ``log_fit`` is the log of how much better words fit the cuts than at any other time.
    """

    seconds: float
    log_prior: float
    log_fit: float = 0.0


def likely_lags(times: Floats, bounds: Floats, error: float) -> list[Lag]:
    """The lags that bring the most of the times (K,) of first words near the cuts (N + 1,), likeliest first.

    ``error`` is the scale of the times' errors in seconds. Without times, the usual lag.
    """
    lags = np.arange(-FARTHEST, FARTHEST + _STEP / 2, _STEP)
    usual = np.exp(-0.5 * ((lags - MEAN) / DEVIATION) ** 2) / (DEVIATION * np.sqrt(2 * np.pi))
    prior = np.log((1 - OTHER_EDITION) * usual + OTHER_EDITION / (2 * FARTHEST))
    if not len(times):
        return [Lag(MEAN, 0.0)]
    fit = _fit(times, lags, bounds, error)
    score = prior + fit
    inner = np.arange(1, len(lags) - 1)
    peaks = inner[(score[inner] >= score[inner - 1]) & (score[inner] > score[inner + 1])]
    peaks = peaks[np.argsort(-score[peaks], kind="stable")]
    chosen = [peak for peak in peaks if score[peak] > score[peaks[0]] - _WORSE][:PROPOSED]
    near = np.flatnonzero(np.abs(lags - MEAN) < 2 * DEVIATION)
    usually = near[score[near].argmax()]
    if all(abs(lags[peak] - lags[usually]) > DEVIATION for peak in chosen):
        chosen.append(usually)
    return [Lag(float(lags[peak]), float(prior[peak]), float(fit[peak])) for peak in chosen]


def _fit(times: Floats, lags: Floats, bounds: Floats, error: float) -> Floats:
    """The log (L,) of how much better than any other times those fit the cuts at each lag."""
    around = FARTHEST + 5.0
    grid = np.arange(bounds[0] - around, bounds[-1] + around, _STEP)
    inside = (grid >= bounds[0]) & (grid <= bounds[-1])
    attraction = np.where(inside, np.exp(cut_potential(bounds, grid, _ATTRACTION, _WIDTH)), 1.0)
    attraction /= attraction[inside].mean()
    offsets = np.arange(-60, 61) * _STEP
    kernel = (1 + (offsets / error) ** 2 / 3) ** -2.0
    expected = np.log(np.convolve(attraction, kernel / kernel.sum(), mode="same"))
    places = np.clip(
        np.round((times[:, None] + lags - grid[0]) / _STEP).astype(np.int64), 0, len(grid) - 1
    )  # (K, L)
    fit: Floats = expected[places].sum(axis=0)
    return fit
