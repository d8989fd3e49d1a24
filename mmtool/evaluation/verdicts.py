"""What was expected of each video, without its truth, against what was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from mmtool.evaluation.measures import VideoScore
from mmtool.evaluation.overlaps import Seconds
from mmtool.records import Quality, Verdict


@dataclass(frozen=True, slots=True)
class VerdictSummary:
    """The number of videos with one verdict, and the means of what is known of them; nan without any."""

    videos: int
    expected_accuracy: float
    video_accuracy: float
    expected_iou: float
    text_iou: float


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The videos of each verdict, all of them, and how well the order of what was expected is that measured.

    ``rank_correlation`` is Spearman's, of expected and measured video accuracy, and
    ``iou_rank_correlation`` that of expected and measured text IoU.
    """

    sound: VerdictSummary
    doubtful: VerdictSummary
    unknown: VerdictSummary
    all: VerdictSummary
    rank_correlation: float
    iou_rank_correlation: float

    def of(self, verdict: Verdict) -> VerdictSummary:
        """The videos with this verdict."""
        return {
            Verdict.SOUND: self.sound,
            Verdict.DOUBTFUL: self.doubtful,
            Verdict.UNKNOWN: self.unknown,
        }[verdict]


Judged = tuple[Quality, VideoScore]


def compare(scores: Mapping[str, VideoScore], qualities: Mapping[str, Quality]) -> Verdicts:
    """Compare the scores of videos with their qualities, both by id; videos without quality do not count."""
    judged = [(qualities[id], score) for id, score in scores.items() if id in qualities]
    by_verdict = {
        verdict: _summary([pair for pair in judged if pair[0].verdict is verdict]) for verdict in Verdict
    }
    return Verdicts(
        sound=by_verdict[Verdict.SOUND],
        doubtful=by_verdict[Verdict.DOUBTFUL],
        unknown=by_verdict[Verdict.UNKNOWN],
        all=_summary(judged),
        rank_correlation=rank_correlation(
            np.array([_known(quality.expected_accuracy) for quality, _ in judged]),
            np.array([score.video_accuracy for _, score in judged]),
        ),
        iou_rank_correlation=rank_correlation(
            np.array([_known(quality.expected_iou) for quality, _ in judged]),
            np.array([score.text_iou for _, score in judged]),
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


def _summary(judged: Sequence[Judged]) -> VerdictSummary:
    rows = [
        (
            _known(quality.expected_accuracy),
            score.video_accuracy,
            _known(quality.expected_iou),
            score.text_iou,
        )
        for quality, score in judged
    ]
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    means = (float(np.nanmean(column)) if not np.isnan(column).all() else nan for column in columns)
    return VerdictSummary(len(judged), *means)


def _known(value: float | None) -> float:
    return nan if value is None else value
