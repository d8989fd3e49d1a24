"""What lies before and after a text in any film: densities of the head's and the tail's length."""

from collections.abc import Sequence
from math import gamma
from typing import NamedTuple

import numpy as np

from mmtool.arrays import Floats


class GammaPart(NamedTuple):
    """One gamma density of a mixture."""

    weight: float
    mean: float
    shape: float


HEAD = (GammaPart(0.4, 1.5, 1.0), GammaPart(0.25, 8.0, 1.0), GammaPart(0.35, 25.0, 3.0))  # seconds
TAIL = (GammaPart(0.1, 2.0, 1.0), GammaPart(0.5, 8.5, 6.0), GammaPart(0.4, 20.0, 3.0))  # seconds
UNTOLD_HEAD = (GammaPart(1.0, 0.165, 2.0),)  # of the film's length
UNTOLD_TAIL = (GammaPart(1.0, 0.175, 2.0),)


def end_scores(times: int, step: float, mixture: Sequence[GammaPart]) -> Floats:
    """The log-probability (X,) of a head of each of ``times`` lengths, ``step`` apart."""
    lengths = (np.arange(times) + 0.5) * step
    density = np.zeros(times)
    for weight, mean, shape in mixture:
        scale = mean / shape
        density += weight * lengths ** (shape - 1) * np.exp(-lengths / scale) / (gamma(shape) * scale**shape)
    scores: Floats = np.log(density * step + 1e-300)
    return scores
