"""The best of several runs for each class of videos (Wang, Tran & Feiszli, CVPR 2020, supplement, 7.1)."""

from collections.abc import Mapping, Sequence

import numpy as np

from mmtool.evaluation.measures import VideoScore

Scores = Mapping[str, VideoScore]


def oracle(runs: Sequence[Scores], class_of: Mapping[str, str]) -> dict[str, VideoScore]:
    """The scores of the run that is best for the class of each video, by id.

    The best run has the greatest sum of mean video accuracy and mean text IoU over the videos of the class,
    on which it is measured as well: an upper bound of choosing, not a method. The first of equal runs counts.

    Args:
        runs: The scores of each run, of the same videos.
        class_of: The class of each video; one that has none is a class of its own.
    """
    classes: dict[tuple[bool, str], list[str]] = {}
    for id in runs[0]:
        name = class_of.get(id, "")
        classes.setdefault((bool(name), name or id), []).append(id)
    chosen: dict[str, VideoScore] = {}
    for ids in classes.values():
        best = max(runs, key=lambda run: _mean(run, ids))
        chosen |= {id: best[id] for id in ids}
    return chosen


def _mean(run: Scores, ids: Sequence[str]) -> float:
    """The sum of both means; a measure that is undefined for all of the videos counts nothing."""
    both = np.array([(run[id].video_accuracy, run[id].text_iou) for id in ids])  # (videos, 2)
    return float(sum(np.nanmean(values) for values in both.T if not np.isnan(values).all()))
