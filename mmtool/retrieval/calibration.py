"""Calibration of log-odds by a temperature and a bias, checked on films that did not take part in the fit.

A clip shows one snippet of its film or none, with probabilities in proportion to the odds of each snippet and
1. The loss is the mean over films of the mean negative log-likelihood of what a clip shows, in nats.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
_STEPS = 100
_RIDGE = 1e-3  # pulls the log of the temperature towards 0, so that separable films have a solution
_SLOPES = 1e-2, 1e2  # of the log-odds

Film = tuple[NDArray[np.floating], Sequence[int | None]]
"""Log-odds (N, M), and the snippet of each of the N clips, None without one."""


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
        ValueError: There are fewer than two films with a clip that shows a snippet.
    """
    usable = [
        (odds.astype(np.float64), np.array([-1 if label is None else label for label in labels], np.int64))
        for odds, labels in films
        if any(label is not None for label in labels)
    ]
    if len(usable) < 2:
        raise ValueError("calibrating needs two annotated videos")
    before, after = np.empty(len(usable)), np.empty(len(usable))
    for fold in range(min(FOLDS, len(usable))):
        held_out = range(fold, len(usable), FOLDS)
        at = _fit([film for number, film in enumerate(usable) if number not in held_out])
        for number in held_out:
            before[number], after[number] = _loss(usable[number], _UNCALIBRATED), _loss(usable[number], at)
    slope, bias = _fit(usable) if after.mean() < before.mean() else _UNCALIBRATED
    return Calibration(float(1 / slope), float(bias), float(before.mean()), float(after.mean()), len(usable))


_Labelled = tuple[NDArray[np.float64], NDArray[np.int64]]  # log-odds (N, M), and snippets (N,), −1 for none
_UNCALIBRATED = np.array([1.0, 0.0])


def _loss(film: _Labelled, at: NDArray[np.float64]) -> float:
    return float(_measured(film, at)[0])


def _measured(
    film: _Labelled, at: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """A film's loss with a slope and a bias ``at``, its gradient (2,) and its curvature (2, 2)."""
    odds, labels = film
    count = len(odds)
    logits = np.concatenate([np.zeros((count, 1)), at[0] * odds + at[1]], axis=1)  # (N, 1 + M), none first
    logits -= logits.max(axis=1, keepdims=True)
    shares = np.exp(logits)
    total = shares.sum(axis=1, keepdims=True)
    shares /= total
    rows = np.arange(count)
    loss = float((np.log(total[:, 0]) - logits[rows, labels + 1]).mean())
    # what slope and bias multiply: the log-odds of a snippet and 1, or nothing for none
    x = np.stack([odds, np.ones_like(odds)])  # (2, N, M)
    expected = (x * shares[:, 1:]).sum(axis=2)  # (2, N)
    shown = labels >= 0
    true = np.where(shown, x[:, rows, np.maximum(labels, 0)], 0.0)  # (2, N)
    squares = np.einsum("anm,bnm,nm->ab", x, x, shares[:, 1:])
    return loss, (expected - true).mean(axis=1), (squares - expected @ expected.T) / count


def _fit(films: Sequence[_Labelled]) -> NDArray[np.float64]:
    """Slope and bias of the least loss, by Newton's method with halved steps; each film weighs the same."""

    def measured(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        parts = [_measured(film, at) for film in films]
        loss, gradient, hessian = (sum(part) / len(films) for part in zip(*parts, strict=True))
        gradient[0] += _RIDGE * np.log(at[0]) / at[0]
        hessian[0, 0] += _RIDGE / at[0] ** 2 * max(1 - np.log(at[0]), 0.1)
        return loss + _RIDGE / 2 * np.log(at[0]) ** 2, gradient, hessian

    at, current = _UNCALIBRATED, measured(_UNCALIBRATED)
    for _ in range(_STEPS):
        loss, gradient, hessian = current
        step = np.linalg.solve(hessian + 1e-9 * np.eye(2), gradient)
        for halving in range(30):
            tried = at - step / 2**halving
            tried[0] = np.clip(tried[0], *_SLOPES)
            if (new := measured(tried))[0] < loss:
                break
        else:
            break
        at, current = tried, new
        if loss - new[0] < 1e-10:
            break
    return at
