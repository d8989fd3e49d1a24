"""An alignment as a list of passages in the order of time: the rows that every export writes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from mmtool.records import Alignment, Interval

# Not allowed in XML, or codes of a terminal; the other control characters count as blanks.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Passage:
    """One interval of a video and the snippet that it shows; a snippet may have several.

    ``placed`` is False for a snippet without a match, which was put between its neighbours.
    """

    snippet: int
    text: str
    interval: Interval
    confidence: float
    placed: bool = True


def passages(alignment: Alignment, *, keep_unplaced: bool = False) -> list[Passage]:
    """All passages of an alignment, in the order of time.

    Args:
        alignment: The alignment.
        keep_unplaced: Whether snippets without a match are put between their neighbours.
    """
    intervals = [(number, interval, True) for number, interval in _matched(alignment)]
    if keep_unplaced:
        intervals += [(number, interval, False) for number, interval in between_neighbours(alignment).items()]
    found = [
        Passage(
            number,
            one_line(alignment.snippets[number].text),
            interval,
            alignment.snippet_confidence[number],
            placed,
        )
        for number, interval, placed in intervals
    ]
    return sorted(found, key=lambda passage: passage.interval)


def _matched(alignment: Alignment) -> list[tuple[int, Interval]]:
    return [
        (number, interval)
        for number in range(len(alignment.snippets))
        for interval in alignment.intervals(number)
    ]


def unplaced(alignment: Alignment) -> list[int]:
    """The snippets without a match."""
    matched = {snippet for _, snippet in alignment.matches}
    return [number for number in range(len(alignment.snippets)) if number not in matched]


def between_neighbours(alignment: Alignment) -> dict[int, Interval]:
    """An interval for each snippet without a match: the time between the neighbours that have one.

    Snippets in a row share it by the length of their texts. Where neighbours leave no time, they share
    that from the middle of the one to the middle of the other; at the ends, that to the ends of the film.
    """
    if not alignment.clips:
        return {}
    found: dict[int, Interval] = {}
    intervals = {number: alignment.intervals(number) for number in range(len(alignment.snippets))}
    before = Interval(alignment.clips[0].start, alignment.clips[0].start)
    after = Interval(alignment.clips[-1].end, alignment.clips[-1].end)
    for is_placed, group in groupby(intervals, key=lambda number: bool(intervals[number])):
        numbers = list(group)
        if is_placed:
            before = intervals[numbers[-1]][-1]
            continue
        following = numbers[-1] + 1
        next_one = intervals[following][0] if following in intervals else after
        start, end = before.end, next_one.start
        if end <= start:
            start, end = sorted((sum(before) / 2, sum(next_one) / 2))
        found |= dict(zip(numbers, _shared(start, end, numbers, alignment), strict=True))
    return found


def _shared(start: float, end: float, numbers: Sequence[int], alignment: Alignment) -> list[Interval]:
    lengths = [max(1, len(alignment.snippets[number].text)) for number in numbers]
    total, edges = sum(lengths), [start]
    for length in lengths:
        edges.append(edges[-1] + (end - start) * length / total)
    edges[-1] = end
    return [Interval(*pair) for pair in pairwise(edges)]


def one_line(text: str) -> str:
    """Text without line breaks and without characters that formats or terminals take for codes."""
    return " ".join(UNPRINTABLE.sub("", text).split())
