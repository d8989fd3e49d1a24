"""An alignment as a list of passages in the order of time: the rows that every export writes."""

import re
from dataclasses import dataclass

from mmtool.records import Alignment, Interval

UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f\ufffe\uffff]")  # not allowed in XML


@dataclass(frozen=True, slots=True)
class Passage:
    """One interval of a video and the snippet that it shows; a snippet may have several."""

    snippet: int
    text: str
    interval: Interval
    confidence: float


def passages(alignment: Alignment) -> list[Passage]:
    """All passages of an alignment, in the order of time."""
    found = [
        Passage(number, _one_line(snippet.text), interval, alignment.snippet_confidence[number])
        for number, snippet in enumerate(alignment.snippets)
        for interval in alignment.intervals(number)
    ]
    return sorted(found, key=lambda passage: passage.interval)


def _one_line(text: str) -> str:
    return " ".join(UNPRINTABLE.sub("", text).split())
