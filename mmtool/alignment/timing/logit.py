"""Conditional logit (McFadden 1974): which of several candidates is chosen, from their features."""

from collections.abc import Sequence

import numpy as np

from mmtool.arrays import Floats


def fit_conditional_logit(features: Sequence[Floats], chosen: Sequence[int], *, ridge: float = 1.0) -> Floats:
    """Maximise the sum of the log-probabilities of the chosen candidates minus ``ridge / 2 · ‖w‖²``.

    ``features[i]`` is (candidates, D), ``chosen[i]`` the index of the correct one. Newton's method with
    step halving; the objective is concave.
    """
    weights = np.zeros(features[0].shape[1])
    value = _objective(features, chosen, weights, ridge)
    for _ in range(50):
        gradient, curvature = -ridge * weights, ridge * np.eye(len(weights))
        for rows, right in zip(features, chosen, strict=True):
            probability = _softmax(rows @ weights)
            mean = probability @ rows
            gradient += rows[right] - mean
            curvature += (rows * probability[:, None]).T @ rows - np.outer(mean, mean)
        step = np.linalg.solve(curvature, gradient)
        better = value
        while np.abs(step).max() > 1e-6:
            better = _objective(features, chosen, weights + step, ridge)
            if better > value:
                break
            step = step / 2
        if better - value < 1e-6:
            break
        weights, value = weights + step, better
    return weights


def _objective(features: Sequence[Floats], chosen: Sequence[int], weights: Floats, ridge: float) -> float:
    value = -0.5 * ridge * float(weights @ weights)
    for rows, right in zip(features, chosen, strict=True):
        value += float(np.log(_softmax(rows @ weights)[right] + 1e-300))
    return value


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max())
    result: Floats = powers / powers.sum()
    return result
