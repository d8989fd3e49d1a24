"""The accuracy expected of each video, without its truth, against the accuracy that was measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan

import numpy as np

from mmtool.evaluation.measures import VideoScore
from mmtool.evaluation.overlaps import Seconds
from mmtool.records import Quality


@dataclass(frozen=True, slots=True)
class VerdictSummary:
    """The number of videos with one verdict, and the means of their measures; nan without videos."""

    videos: int
    expected_accuracy: float
    video_accuracy: float
    text_iou: float


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Both verdicts, and Spearman's rank correlation of expected and measured video accuracy."""

    sound: VerdictSummary
    doubtful: VerdictSummary
    rank_correlation: float


def compare(scores: Mapping[str, VideoScore], qualities: Mapping[str, Quality]) -> Verdicts:
    """Compare the scores of videos with their qualities, both by id; videos without quality do not count."""
    judged = [(qualities[id], score) for id, score in scores.items() if id in qualities]
    return Verdicts(
        sound=_summary([pair for pair in judged if not pair[0].doubtful]),
        doubtful=_summary([pair for pair in judged if pair[0].doubtful]),
        rank_correlation=rank_correlation(
            np.array([quality.expected_accuracy for quality, _ in judged]),
            np.array([score.video_accuracy for _, score in judged]),
        ),
    )


def rank_correlation(one: Seconds, other: Seconds) -> float:
    """Spearman's rank correlation of two measures (V,) of V videos; nan where one of them is constant."""
    known = ~(np.isnan(one) | np.isnan(other))
    one, other = one[known], other[known]
    if len(one) < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return nan
    from scipy.stats import spearmanr  # takes longer to load than a small evaluation to run

    return float(spearmanr(one, other).statistic)


def _summary(judged: list[tuple[Quality, VideoScore]]) -> VerdictSummary:
    rows = [(q.expected_accuracy, score.video_accuracy, score.text_iou) for q, score in judged]
    columns = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    expected, accuracy, iou = (
        float(np.nanmean(column)) if not np.isnan(column).all() else nan for column in columns
    )
    return VerdictSummary(len(judged), expected, accuracy, iou)
