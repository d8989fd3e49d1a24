"""Confusion of labels: the labels of clips against the truth."""

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmtool.evaluation.labels import best_labels
from mmtool.records import Interval

TRUE_LABELS = ("no snippet", "a snippet")
GIVEN_LABELS = ("none", "the right snippet", "an earlier one", "a later one")
_UNMATCHED, _RIGHT, _EARLIER, _LATER = range(4)


def label_confusion(
    clips: Sequence[Interval], truth: Sequence[Interval | None], matches: Sequence[tuple[int, int]]
) -> NDArray[np.int64]:
    """Count the N clips of a video: :data:`TRUE_LABELS` by :data:`GIVEN_LABELS` (2, 4).

    A clip's true label is the one that is correct for the longest time. If a clip that should be unmatched
    is matched with a snippet, that snippet is a later one if it follows, in reading order, every snippet
    whose interval starts before the clip's midpoint; otherwise it is an earlier one, which lasts too
    long. Of several snippets of a clip the right one counts, or else the last.
    """
    given: dict[int, list[int]] = {}
    for clip, snippet in matches:
        given.setdefault(clip, []).append(snippet)
    annotated = sorted((interval.start, j) for j, interval in enumerate(truth) if interval is not None)
    starts = [start for start, _ in annotated]
    counts = np.zeros((len(TRUE_LABELS), len(GIVEN_LABELS)), dtype=np.int64)
    for i, label in enumerate(best_labels(clips, truth)):
        begun = bisect_right(starts, (clips[i].start + clips[i].end) / 2)
        position = label if label is not None else max((j for _, j in annotated[:begun]), default=-1)
        counts[int(label is not None), _kind(given.get(i, []), label, position)] += 1
    return counts


def _kind(given: Sequence[int], label: int | None, position: int) -> int:
    if not given:
        return _UNMATCHED
    if label in given:
        return _RIGHT
    return _EARLIER if max(given) <= position else _LATER
