"""The best labels of clips, which give the upper bound of a segmentation."""

from collections.abc import Sequence

from mmtool.evaluation.overlaps import overlap_matrix, uncovered
from mmtool.records import Interval


def best_labels(clips: Sequence[Interval], truth: Sequence[Interval | None]) -> list[int | None]:
    """Give each of the N clips the label that is correct for the longest time.

    That is the snippet it overlaps most, or None where a larger part of the clip is not covered by any
    snippet. Ties go to a snippet over None, and to the earlier snippet. If the clips are in order and
    disjoint and the annotated intervals are sorted by their start, the labels never decrease, even
    where intervals overlap: a clip prefers the later of two snippets only if it extends beyond the
    end of the earlier one, and then no later clip can overlap the earlier one.
    """
    if not truth:
        return [None] * len(clips)
    overlaps = overlap_matrix(clips, truth)  # (N, M)
    longest_labels = overlaps.argmax(axis=1)  # the first of equals
    longest = overlaps.max(axis=1)
    matched = (longest > 0) & (longest >= uncovered(clips, truth))
    return [int(best) if match else None for best, match in zip(longest_labels, matched, strict=True)]


def upper_bound(clips: Sequence[Interval], truth: Sequence[Interval | None]) -> tuple[tuple[int, int], ...]:
    """Return the matches of `best_labels`, whose scores are the segmentation's upper bound.

    Their video accuracy is the highest that one label per clip can reach. The text IoU of the same
    matches accompanies it and is not itself a bound.
    """
    labels = best_labels(clips, truth)
    return tuple((clip, snippet) for clip, snippet in enumerate(labels) if snippet is not None)
