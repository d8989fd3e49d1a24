"""The rows of a table of measures: runs, baselines, and the upper bound."""

from collections.abc import Mapping, Sequence

from mmtool.evaluation.baselines import BASELINES
from mmtool.evaluation.labels import upper_bound
from mmtool.evaluation.measures import VideoScore, score
from mmtool.records import Interval

UPPER_BOUND = "upper bound"
REFERENCES = (*BASELINES, UPPER_BOUND)


def score_rows(
    runs: Mapping[str, Sequence[tuple[int, int]]],
    clips: Sequence[Interval],
    texts: Sequence[str],
    truth: Sequence[Interval | None],
) -> dict[str, VideoScore]:
    """The score of each run's matches of one video, and of the :data:`REFERENCES`, by name."""
    matches = dict(runs) | {name: rule(clips, texts) for name, rule in BASELINES.items()}
    matches[UPPER_BOUND] = upper_bound(clips, truth)
    return {name: score(clips, truth, pairs) for name, pairs in matches.items()}
