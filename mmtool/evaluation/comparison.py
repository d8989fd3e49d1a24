"""The difference between two runs on the same videos."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmtool.evaluation.measures import Estimate, VideoScore, bootstrap


@dataclass(frozen=True, slots=True)
class Change:
    """The differences on one video, −1..1; nan where a measure is undefined."""

    id: str
    video_accuracy: float
    text_iou: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Mean differences over the common videos, and the differences of each video, largest first."""

    videos: int
    video_accuracy: Estimate
    text_iou: Estimate
    changes: tuple[Change, ...]


def compare_scores(
    first: Mapping[str, VideoScore],
    second: Mapping[str, VideoScore],
    *,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """``second`` minus ``first`` over their common videos, with the paired percentile bootstrap.

    Whole videos are drawn, with the scores of both runs (Koehn 2004), so that what makes a video hard
    for both runs does not widen the interval.
    """
    changes = [
        Change(
            id,
            second[id].video_accuracy - first[id].video_accuracy,
            second[id].text_iou - first[id].text_iou,
        )
        for id in sorted(first.keys() & second.keys())
    ]

    def estimate(values: list[float]) -> Estimate:
        return bootstrap(np.array(values), resamples=resamples, confidence=confidence, seed=seed)

    return Comparison(
        videos=len(changes),
        video_accuracy=estimate([change.video_accuracy for change in changes]),
        text_iou=estimate([change.text_iou for change in changes]),
        changes=tuple(sorted(changes, key=_size, reverse=True)),
    )


def _size(change: Change) -> float:
    return float(np.nansum(np.abs([change.video_accuracy, change.text_iou])))
