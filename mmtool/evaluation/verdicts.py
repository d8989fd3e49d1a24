"""Whether what was expected of each video, without its truth, is what came."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan

import numpy as np

from mmtool.evaluation.measures import VideoScore
from mmtool.evaluation.overlaps import Seconds
from mmtool.records import Quality


@dataclass(frozen=True, slots=True)
class VerdictSummary:
    """The videos of one verdict, and the means of their measures; nan where there are none."""

    videos: int
    expected_accuracy: float
    video_accuracy: float
    text_iou: float


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Both verdicts, and Spearman's correlation of expected and measured video accuracy."""

    sound: VerdictSummary
    doubtful: VerdictSummary
    rank_correlation: float


def compare(scores: Mapping[str, VideoScore], qualities: Mapping[str, Quality]) -> Verdicts:
    """Compare the judged videos' scores with their qualities, both by id."""
    judged = [(qualities[id], score) for id, score in scores.items() if id in qualities]
    return Verdicts(
        sound=_of([pair for pair in judged if not pair[0].doubtful]),
        doubtful=_of([pair for pair in judged if pair[0].doubtful]),
        rank_correlation=rank_correlation(
            np.array([quality.expected_accuracy for quality, _ in judged]),
            np.array([score.video_accuracy for _, score in judged]),
        ),
    )


def rank_correlation(one: Seconds, other: Seconds) -> float:
    """Spearman's correlation of two measures (V,) of V videos; nan where one of them never changes."""
    known = ~(np.isnan(one) | np.isnan(other))
    ranks = [_ranks(values[known]) for values in (one, other)]
    if any(len(r) < 2 or np.ptp(r) == 0 for r in ranks):
        return nan
    return float(np.asarray(np.corrcoef(ranks))[0, 1])


def _ranks(values: Seconds) -> Seconds:
    """Ranks from 1, equal values sharing the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    mean_rank: Seconds = np.cumsum(count) - (count - 1) / 2
    return np.asarray(mean_rank[place])


def _of(judged: list[tuple[Quality, VideoScore]]) -> VerdictSummary:
    rows = [(q.expected_accuracy, score.video_accuracy, score.text_iou) for q, score in judged]
    columns = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    expected, accuracy, iou = (
        float(np.nanmean(column)) if not np.isnan(column).all() else nan for column in columns
    )
    return VerdictSummary(len(judged), expected, accuracy, iou)
