"""Whether confidence is well calibrated: reliability, expected calibration error, accuracy at coverage.

A decision has a confidence, an outcome (how correct it is), both in 0..1, and a weight. The outcome of a
decision about a clip is the share of the clip's time for which its label is correct, and its weight is the
clip's duration in seconds, so that the mean outcome of all clips is the micro video accuracy. Decisions
about snippets have the weight 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from mmtool.evaluation.labels import best_labels
from mmtool.evaluation.measures import correct_seconds, temporal_iou
from mmtool.evaluation.overlaps import Seconds, covered, durations
from mmtool.records import Interval

BINS = 10  # of equal width
COVERAGES = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Confidence, outcome and weight (K,) of K decisions, and the ``value`` (K,) that coverage averages.

    Decisions without a value have nan.
    """

    confidence: Seconds
    outcome: Seconds
    weight: Seconds
    value: Seconds

    @classmethod
    def of_all(cls, videos: Sequence["Decisions"]) -> "Decisions":
        """The decisions of several videos together."""
        return cls(
            confidence=np.concatenate([video.confidence for video in videos]),
            outcome=np.concatenate([video.outcome for video in videos]),
            weight=np.concatenate([video.weight for video in videos]),
            value=np.concatenate([video.value for video in videos]),
        )


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The decisions with a confidence in ``[low, high)``: their share of the weight, and their means.

    The last bin includes the confidence 1. The means of an empty bin are nan.
    """

    low: float
    high: float
    share: float
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """``error`` is the expected calibration error; ``coverage`` has the mean value of each share covered."""

    error: float
    bins: tuple[ReliabilityBin, ...]
    coverage: Mapping[float, float]


def calibrate(videos: Sequence[Decisions]) -> Calibration:
    """Measure the decisions of several videos; nan where the total weight is 0."""
    decisions = Decisions.of_all(videos)
    bins = reliability(decisions)
    coverage = {share: at_coverage(decisions, share) for share in COVERAGES}
    return Calibration(expected_calibration_error(bins), bins, coverage)


def reliability(decisions: Decisions, bins: int = BINS) -> tuple[ReliabilityBin, ...]:
    """The reliability curve over bins of equal width."""
    place = np.minimum((decisions.confidence * bins).astype(np.int64), bins - 1)
    weight, confidence, outcome = (
        np.bincount(place, weights=decisions.weight * values, minlength=bins)
        for values in (1.0, decisions.confidence, decisions.outcome)
    )
    total = weight.sum()
    return tuple(
        ReliabilityBin(
            low=k / bins,
            high=(k + 1) / bins,
            share=float(weight[k] / total) if total else 0.0,
            confidence=float(confidence[k] / weight[k]) if weight[k] else nan,
            accuracy=float(outcome[k] / weight[k]) if weight[k] else nan,
        )
        for k in range(bins)
    )


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """ECE (Naeini, Cooper & Hauskrecht 2015): Σ share · |accuracy − confidence|; nan without decisions."""
    filled = [b for b in bins if b.share]
    return sum(b.share * abs(b.accuracy - b.confidence) for b in filled) if filled else nan


def at_coverage(decisions: Decisions, share: float) -> float:
    """The weighted mean value of the most confident decisions, which have a given share of the weight.

    Decisions of equal confidence count equally, and those at the limit count in part, so that neither
    their order nor their size matters.
    """
    known = ~np.isnan(decisions.value)
    levels, level = np.unique(-decisions.confidence[known], return_inverse=True)
    weight = np.bincount(level, weights=decisions.weight[known], minlength=len(levels))
    value = np.bincount(level, weights=(decisions.weight * decisions.value)[known], minlength=len(levels))
    wanted = share * weight.sum()
    if not wanted:
        return nan
    taken = np.clip(wanted - (np.cumsum(weight) - weight), 0.0, weight)
    return float(taken @ (value / np.where(weight > 0, weight, 1.0)) / wanted)


def clip_decisions(
    clips: Sequence[Interval],
    truth: Sequence[Interval | None],
    matches: Sequence[tuple[int, int]],
    confidence: Sequence[float],
) -> Decisions:
    """The decisions about a video's N clips: their labels."""
    seconds = durations(clips)
    right = correct_seconds(clips, truth, matches) / np.where(seconds > 0, seconds, 1.0)
    return Decisions(
        confidence=np.array(confidence, dtype=np.float64), outcome=right, weight=seconds, value=right
    )


def snippet_decisions(
    clips: Sequence[Interval],
    truth: Sequence[Interval | None],
    matches: Sequence[tuple[int, int]],
    confidence: Sequence[float],
) -> Decisions:
    """The decisions about a video's M snippets: their clips.

    The outcome of a matched snippet is the share of its clips' time that lies in its interval. A snippet
    without clips is correct if it is not the best label of any clip. The value of an annotated snippet
    is its IoU.
    """
    clips_of: list[list[Interval]] = [[] for _ in truth]
    for clip, snippet in matches:
        clips_of[snippet].append(clips[clip])
    wanted = set(best_labels(clips, truth))
    outcomes = [
        _correct_share(own, interval) if own else float(snippet not in wanted)
        for snippet, (own, interval) in enumerate(zip(clips_of, truth, strict=True))
    ]
    ious = [
        nan if interval is None else temporal_iou(own, interval)
        for own, interval in zip(clips_of, truth, strict=True)
    ]
    return Decisions(
        confidence=np.array(confidence, dtype=np.float64),
        outcome=np.array(outcomes, dtype=np.float64),
        weight=np.ones(len(truth)),
        value=np.array(ious, dtype=np.float64),
    )


def _correct_share(clips: Sequence[Interval], interval: Interval | None) -> float:
    seconds = float(durations(clips).sum())
    return float(covered(clips, [interval]).sum()) / seconds if seconds else 0.0
