"""The best that a segmentation allows: each clip given its best label."""

from collections.abc import Sequence

from mmtool.evaluation.overlaps import overlap_matrix, uncovered
from mmtool.records import Interval


def best_labels(clips: Sequence[Interval], truth: Sequence[Interval | None]) -> list[int | None]:
    """Give each of the N clips the label for which it is right longest.

    That is the snippet it overlaps most, or None where more of the clip is covered by no snippet.
    Ties go to a snippet before None, and to the earlier snippet. Where the clips are in order and
    disjoint and the annotated intervals are sorted by their start, the labels never step back, even
    if the intervals overlap: a clip prefers the later of two snippets only if it reaches beyond the
    end of the earlier one, and then no later clip can overlap the earlier one.
    """
    if not truth:
        return [None] * len(clips)
    overlaps = overlap_matrix(clips, truth)  # (N, M)
    favourites = overlaps.argmax(axis=1)  # the first of equals
    longest = overlaps.max(axis=1)
    matched = (longest > 0) & (longest >= uncovered(clips, truth))
    return [int(best) if match else None for best, match in zip(favourites, matched, strict=True)]


def upper_bound(clips: Sequence[Interval], truth: Sequence[Interval | None]) -> tuple[tuple[int, int], ...]:
    """Return the matches of `best_labels`, whose scores are the segmentation's upper bound.

    It is the greatest video accuracy that one label a clip can reach. The text IoU of the same matches
    is what goes with it, not a bound of its own.
    """
    labels = best_labels(clips, truth)
    return tuple((clip, snippet) for clip, snippet in enumerate(labels) if snippet is not None)
