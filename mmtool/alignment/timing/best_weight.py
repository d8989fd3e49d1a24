"""The weight that is best on annotated videos, or 0 where no weight is reliably better."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmtool.arrays import Floats


@dataclass(frozen=True, slots=True)
class WeightChoice:
    """The weight, and the mean score of the videos for each weight that was tried."""

    weight: float
    scores: Mapping[float, float]


def best_weight(weights: Sequence[float], scores: Floats) -> WeightChoice:
    """Choose from the scores (V, W) of V videos with each weight, of which the first is 0.

    The best weight is chosen only if its gain over 0 exceeds two standard errors of that gain over the
    videos, so that what says nothing gets 0. Videos whose score is undefined are left out.

    Raises:
        ValueError: Fewer than two videos have a score.
    """
    defined = scores[np.isfinite(scores).all(axis=1)]
    if len(defined) < 2:
        raise ValueError("choosing a weight needs two annotated videos")
    means = defined.mean(axis=0)
    best = int(means.argmax())
    gain = defined[:, best] - defined[:, 0]
    significant = gain.mean() > 2 * gain.std(ddof=1) / np.sqrt(len(defined))
    chosen = weights[best] if significant else 0.0
    return WeightChoice(chosen, dict(zip(weights, means.tolist(), strict=True)))
