"""Calibration of log-odds by a temperature and a bias, checked on films that did not take part in the fit.

The loss is the mean over films of the mean negative log-likelihood over a film's pairs, in nats.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
_STEPS = 100
_RIDGE = 1e-3  # pulls the log of the temperature towards 0, so that separable films have a solution
_SLOPES = 1e-2, 1e2  # of the log-odds

Film = tuple[NDArray[np.floating], NDArray[np.bool_]]  # log-odds (N, M), and which pairs belong together


@dataclass(frozen=True, slots=True)
class Calibration:
    """``log_odds / temperature + bias`` are calibrated.

    Attributes:
        temperature: More than 0.
        bias: In nats.
        before: The loss of the log-odds as they are, on held-out films.
        after: The same with calibrations that were fitted to the other films.
        films: The number of films.
    """

    temperature: float
    bias: float
    before: float
    after: float
    films: int


def calibrate(films: Sequence[Film]) -> Calibration:
    """The calibration of all films; temperature 1 and bias 0 if one does not improve held-out films.

    Raises:
        ValueError: There are fewer than two films with pairs that belong together.
    """
    usable = [(odds.ravel().astype(np.float64), truth.ravel()) for odds, truth in films if truth.any()]
    if len(usable) < 2:
        raise ValueError("calibrating needs two annotated videos")
    before, after = np.empty(len(usable)), np.empty(len(usable))
    for fold in range(min(FOLDS, len(usable))):
        held_out = range(fold, len(usable), FOLDS)
        slope, bias = _fit([film for number, film in enumerate(usable) if number not in held_out])
        for number in held_out:
            odds, truth = usable[number]
            before[number], after[number] = _loss(odds, truth), _loss(slope * odds + bias, truth)
    slope, bias = _fit(usable) if after.mean() < before.mean() else (1.0, 0.0)
    return Calibration(1 / slope, bias, float(before.mean()), float(after.mean()), len(usable))


def _loss(odds: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    return float(np.logaddexp(0, np.where(truth, -odds, odds)).mean())


def _fit(films: Sequence[Film]) -> tuple[float, float]:
    """Slope and bias of the least loss, by Newton's method with halved steps; each film weighs the same."""
    odds = np.concatenate([odds for odds, _ in films])
    truth = np.concatenate([truth for _, truth in films]).astype(np.float64)
    weight = np.concatenate([np.full(len(own), 1 / len(own) / len(films)) for own, _ in films])
    at = np.array([1.0, 0.0])
    x = np.stack([odds, np.ones_like(odds)])  # (2, pairs)

    def loss(point: NDArray[np.float64]) -> float:
        logits = point @ x
        return float(weight @ (np.logaddexp(0, logits) - truth * logits) + _RIDGE / 2 * np.log(point[0]) ** 2)

    current = loss(at)
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(at @ x, -500, 500)))
        gradient = x @ (weight * (p - truth))
        gradient[0] += _RIDGE * np.log(at[0]) / at[0]
        hessian = (x * (weight * p * (1 - p))) @ x.T
        hessian[0, 0] += _RIDGE / at[0] ** 2 * max(1 - np.log(at[0]), 0.1)
        step = np.linalg.solve(hessian + 1e-9 * np.eye(2), gradient)
        for halving in range(30):
            tried = at - step / 2**halving
            tried[0] = np.clip(tried[0], *_SLOPES)
            if (new := loss(tried)) < current:
                break
        else:
            break
        at, gained, current = tried, current - new, new
        if gained < 1e-10:
            break
    return float(at[0]), float(at[1])
