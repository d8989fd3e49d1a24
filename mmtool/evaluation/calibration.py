"""Whether confidence is honest: reliability, expected calibration error, accuracy at given coverage.

A decision has a confidence and an outcome, how right it is, both in 0..1, and a weight. The decisions
about clips are right for the part of their time that their label is right and weigh their seconds, so
that all of them together have the micro video accuracy; those about snippets weigh 1 each.
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
    """Confidence, outcome and weight (K,), and ``value`` (K,), what coverage averages; nan: it has none."""

    confidence: Seconds
    outcome: Seconds
    weight: Seconds
    value: Seconds

    @classmethod
    def of_all(cls, videos: Sequence["Decisions"]) -> "Decisions":
        """The decisions of several videos as one."""
        return cls(
            confidence=np.concatenate([video.confidence for video in videos]),
            outcome=np.concatenate([video.outcome for video in videos]),
            weight=np.concatenate([video.weight for video in videos]),
            value=np.concatenate([video.value for video in videos]),
        )


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The decisions with a confidence in ``[low, high)``: their share of the weight, and means of them.

    The last bin has the confidence 1 too. The means are nan where the bin is empty.
    """

    low: float
    high: float
    share: float
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """``error`` is the expected calibration error; ``coverage`` maps a share to what it reaches."""

    error: float
    bins: tuple[ReliabilityBin, ...]
    coverage: Mapping[float, float]


def calibrate(videos: Sequence[Decisions]) -> Calibration:
    """All figures of the decisions of some videos; nan where none has a weight."""
    decisions = Decisions.of_all(videos)
    bins = reliability(decisions)
    reached = {share: at_coverage(decisions, share) for share in COVERAGES}
    return Calibration(expected_calibration_error(bins), bins, reached)


def reliability(decisions: Decisions, bins: int = BINS) -> tuple[ReliabilityBin, ...]:
    """The reliability curve over bins of equal width."""
    place = np.minimum((decisions.confidence * bins).astype(np.int64), bins - 1)
    weight, sure, right = (
        np.bincount(place, weights=decisions.weight * values, minlength=bins)
        for values in (1.0, decisions.confidence, decisions.outcome)
    )
    total = weight.sum()
    return tuple(
        ReliabilityBin(
            low=k / bins,
            high=(k + 1) / bins,
            share=float(weight[k] / total) if total else 0.0,
            confidence=float(sure[k] / weight[k]) if weight[k] else nan,
            accuracy=float(right[k] / weight[k]) if weight[k] else nan,
        )
        for k in range(bins)
    )


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """ECE (Naeini, Cooper & Hauskrecht 2015): Σ share · |accuracy − confidence|; nan without decisions."""
    filled = [b for b in bins if b.share]
    return sum(b.share * abs(b.accuracy - b.confidence) for b in filled) if filled else nan


def at_coverage(decisions: Decisions, share: float) -> float:
    """The weighted mean value of the most confident decisions that have a share of the weight.

    Decisions of equal confidence count alike, and those on the limit in part, so that neither their
    order nor their size matters.
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
    """The N labels of a video's clips."""
    seconds = durations(clips)
    right = correct_seconds(clips, truth, matches) / np.where(seconds > 0, seconds, 1.0)
    sure = np.array(confidence, dtype=np.float64)
    return Decisions(confidence=sure, outcome=right, weight=seconds, value=right)


def snippet_decisions(
    clips: Sequence[Interval],
    truth: Sequence[Interval | None],
    matches: Sequence[tuple[int, int]],
    confidence: Sequence[float],
) -> Decisions:
    """The M labels of a video's snippets.

    A matched snippet is right for the part of its clips' time that lies in its interval; one without
    clips is right where it is no clip's best label. The value of an annotated one is its IoU.
    """
    own: list[list[Interval]] = [[] for _ in truth]
    for clip, snippet in matches:
        own[snippet].append(clips[clip])
    told = set(best_labels(clips, truth))
    right = [_right_share(own[j], t) if own[j] else float(j not in told) for j, t in enumerate(truth)]
    ious = [nan if t is None else temporal_iou(own[j], t) for j, t in enumerate(truth)]
    return Decisions(
        confidence=np.array(confidence, dtype=np.float64),
        outcome=np.array(right, dtype=np.float64),
        weight=np.ones(len(truth)),
        value=np.array(ious, dtype=np.float64),
    )


def _right_share(clips: Sequence[Interval], interval: Interval | None) -> float:
    seconds = float(durations(clips).sum())
    return float(covered(clips, [interval]).sum()) / seconds if seconds else 0.0
