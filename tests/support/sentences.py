"""Sentences that are spoken in a film of twenty minutes, and the words that are heard of them."""

import numpy as np

from mmtool.records import Interval


def spoken(seed: int, count: int = 150) -> np.ndarray:
    """Sentences of a film of twenty minutes (count, 2)."""
    rng = np.random.default_rng(seed)
    lengths, pauses = rng.uniform(1, 5, count), rng.exponential(4.0, count)
    ends = np.cumsum(lengths + pauses)
    return np.stack([ends - lengths, ends], axis=1) * (1150 / ends[-1])


def words(sentences: np.ndarray, seed: int) -> list[Interval]:
    """Words of 0.3 s with small breaks; a tenth of the sentences was not heard."""
    rng = np.random.default_rng([seed, 1])
    heard = sentences[rng.random(len(sentences)) > 0.1]
    return [
        Interval(t, min(t + 0.3, end))
        for start, end in heard.tolist()
        for t in np.arange(start, end, 0.35).tolist()
    ]
