"""Annotations that cannot all be true of a text that is told in order: which to leave out.

A truth is one interval a sentence, in the order of the text and without overlaps. Published annotations
break that here and there: a wrong time, a sentence that is shown earlier than it is told, two sentences for
one shot. The largest set that keeps order is kept; the others are left out and counted.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

from mmtool.records import Annotation

TOUCH = 0.25  # seconds; a shorter overlap is that of two intervals that touch
EMPTY, BACKWARD, OVERLAPS = "without length", "out of the order of time", "overlapping"


def in_order(annotations: Sequence[Annotation]) -> tuple[list[Annotation], Counter[str]]:
    """Keep as many annotations as possible in the order of the text and of time, without overlaps.

    Where two that are kept overlap by at most a quarter of a second, the earlier ends where the later
    begins. Runs in O(M log M) for M annotations.

    Returns:
        The annotations that are kept, and how many are left out for which reason.
    """
    left_out: Counter[str] = Counter()
    usable = [annotation for annotation in annotations if annotation.end > annotation.start]
    left_out[EMPTY] = len(annotations) - len(usable)
    chain = _longest_chain(usable)
    kept: list[Annotation] = []
    wanted = set(chain)
    for index, annotation in enumerate(usable):
        if index in wanted:
            if kept and kept[-1].end > annotation.start:
                kept[-1] = Annotation(kept[-1].start, annotation.start, kept[-1].text)
            kept.append(annotation)
    for index in range(len(usable)):
        if index not in wanted:
            left_out[_reason(index, usable, chain)] += 1
    return kept, +left_out


def _longest_chain(annotations: Sequence[Annotation]) -> list[int]:
    """Indices of a longest sequence in which each starts at or after the core of the one before ends."""
    ends: list[float] = []  # the earliest end of a chain of each length
    lasts: list[int] = []  # which annotation is the last of that chain
    before: list[int | None] = []
    for index, annotation in enumerate(annotations):
        length = bisect_right(ends, annotation.start)
        before.append(lasts[length - 1] if length else None)
        end = max(annotation.end - TOUCH, (annotation.start + annotation.end) / 2)
        if length == len(ends):
            ends.append(end)
            lasts.append(index)
        elif end < ends[length]:
            ends[length], lasts[length] = end, index
    chain: list[int] = []
    at = lasts[-1] if lasts else None
    while at is not None:
        chain.append(at)
        at = before[at]
    return chain[::-1]


def _reason(index: int, annotations: Sequence[Annotation], chain: Sequence[int]) -> str:
    """Why an annotation does not fit between its neighbours that are kept."""
    place = bisect_right(chain, index)
    one = annotations[index]
    if place and one.start < annotations[chain[place - 1]].start:
        return BACKWARD
    if place < len(chain) and one.start > annotations[chain[place]].start:
        return BACKWARD
    return OVERLAPS
