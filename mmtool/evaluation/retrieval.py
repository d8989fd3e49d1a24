"""Measures of retrieval: recall among the first results, the median rank, and their mean.

A query's rank is that of its first positive: 1, plus the negatives before it. Of equal scores, the earlier
row comes first, as in what is shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from mmtool.evaluation.measures import Estimate

DEPTHS = (1, 5, 10)  # the K of R@K

Ranks = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class OneWay:
    """Measures of the queries of one direction; shares are 0..1."""

    queries: int
    recall: Mapping[int, Estimate]  # by depth
    median_rank: Estimate


@dataclass(frozen=True, slots=True)
class BothWays:
    """Measures of texts that find clips, of clips that find texts, and the mean of the six recalls."""

    texts: OneWay
    clips: OneWay
    mean_recall: Estimate


def first_ranks(similarity: NDArray[np.float32], positive: NDArray[np.bool_]) -> Ranks:
    """The rank (Q,) of the first positive of each query in the order of ``similarity`` (Q, N).

    Raises ValueError for a query without positives, and for similarities that are not finite.
    """
    _check(similarity, positive)
    return _negatives_before(similarity, positive, np.ones_like(positive)) + 1


def reranked_ranks(
    similarity: NDArray[np.float32],
    positive: NDArray[np.bool_],
    candidates: NDArray[np.int64],
    score: NDArray[np.float32],
) -> Ranks:
    """The same after candidates (Q, k) were ordered by ``score`` (Q, k); all else comes after them."""
    _check(similarity, positive)
    if not np.isfinite(score).all():
        raise ValueError("scores that are not finite numbers")
    chosen = np.take_along_axis(positive, candidates, axis=1)  # (Q, k)
    within = _negatives_before(score, chosen, np.ones_like(chosen))
    left = np.ones_like(positive)
    np.put_along_axis(left, candidates, False, axis=1)
    beyond = (~chosen).sum(axis=1) + _negatives_before(similarity, positive & left, left)
    found: Ranks = np.where(chosen.any(axis=1), within, beyond) + 1
    return found


def _negatives_before(
    score: NDArray[np.float32], positive: NDArray[np.bool_], among: NDArray[np.bool_]
) -> Ranks:
    """How many of ``among`` (Q, N) that are not positive come before the first that is."""
    best = np.where(positive, score, -np.inf).max(axis=1, keepdims=True)
    first = (positive & (score == best)).argmax(axis=1)[:, None]
    earlier = np.arange(score.shape[1]) < first
    before: Ranks = (((score > best) | ((score == best) & earlier)) & among & ~positive).sum(axis=1)
    return before


def _check(similarity: NDArray[np.float32], positive: NDArray[np.bool_]) -> None:
    if not positive.any(axis=1).all():
        raise ValueError("a query without positives")
    if not np.isfinite(similarity).all():
        raise ValueError("similarities that are not finite numbers")


def measure(
    texts: Mapping[str, Ranks],
    clips: Mapping[str, Ranks],
    *,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> BothWays:
    """Measure the ranks of the queries of each video, given by id, in both directions.

    Confidence intervals are those of the percentile bootstrap over videos, whose queries are drawn together
    (Efron 1979). A measure without queries is nan.
    """
    ids = sorted(texts.keys() | clips.keys())
    none = np.zeros(0, np.int64)
    sides = [[np.asarray(side.get(id, none)) for id in ids] for side in (texts, clips)]
    random = np.random.default_rng(seed)
    drawn = random.integers(len(ids), size=(resamples, len(ids))) if ids else np.zeros((0, 0), np.int64)
    everything = np.arange(len(ids))[None]
    levels = ((1 - confidence) / 2, (1 + confidence) / 2)

    def estimate(values: NDArray[np.float64], of_drawn: NDArray[np.float64]) -> Estimate:
        known = of_drawn[~np.isnan(of_drawn)]
        low, high = np.quantile(known, levels) if len(known) else (nan, nan)
        return Estimate(float(values[0]), float(low), float(high))

    recalls = [[(_recall(side, everything, k), _recall(side, drawn, k)) for k in DEPTHS] for side in sides]
    ways = [
        OneWay(
            queries=sum(map(len, side)),
            recall={k: estimate(*own) for k, own in zip(DEPTHS, of_side, strict=True)},
            median_rank=estimate(_median(side, everything), _median(side, drawn)),
        )
        for side, of_side in zip(sides, recalls, strict=True)
    ]
    six = [own for of_side in recalls for own in of_side]
    means = [np.mean([own[which] for own in six], axis=0) for which in (0, 1)]
    return BothWays(ways[0], ways[1], estimate(means[0], means[1]))


def _recall(side: Sequence[Ranks], drawn: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """The share of queries with a rank of at most ``k``, for each draw of videos (S, V)."""
    found = np.array([(ranks <= k).sum() for ranks in side], np.float64)[drawn].sum(axis=1)
    queries = np.array([len(ranks) for ranks in side], np.float64)[drawn].sum(axis=1)
    shares = np.full(len(drawn), nan)
    np.divide(found, queries, out=shares, where=queries > 0)
    return shares


def _median(side: Sequence[Ranks], drawn: NDArray[np.int64]) -> NDArray[np.float64]:
    medians = []
    for videos in drawn:
        ranks = np.concatenate([side[video] for video in videos]) if len(videos) else np.zeros(0)
        medians.append(float(np.median(ranks)) if len(ranks) else nan)
    return np.array(medians)
