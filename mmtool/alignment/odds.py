"""Probabilities moved by their log-odds, so that their mean becomes what was measured."""

import numpy as np

from mmtool.arrays import Floats

GREATEST_SHIFT = 8.0  # of log-odds


def shifted(probability: Floats, shift: float) -> Floats:
    """Probabilities whose log-odds are greater by ``shift``; 0 and 1 stay what they are."""
    odds = np.exp(shift)
    moved: Floats = probability * odds / (probability * odds + (1 - probability))  # exactly 1 for 1
    return moved


def shift_to_mean(mean: float, probability: Floats, weight: Floats) -> float:
    """The shift of log-odds that gives probabilities a weighted mean, as far as a limited one can.

    0 where the weights have no sum.
    """
    if not weight.sum():
        return 0.0
    share = weight / weight.sum()
    low, high = -GREATEST_SHIFT, GREATEST_SHIFT
    for _ in range(40):
        middle = (low + high) / 2
        if float(shifted(probability, middle) @ share) < mean:
            low = middle
        else:
            high = middle
    return round((low + high) / 2, 6)
