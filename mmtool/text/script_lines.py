"""Lines of screenplays, and the runs of them that no blank line interrupts."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mmtool.text.spans import Span


class Line(NamedTuple):
    """A line without the white space around it, and the span of the rest."""

    text: str
    start: int
    end: int
    indent: int


def lines_of(text: str, spans: Iterable[Span]) -> Iterator[Line]:
    """Yield the stripped lines of ``text``; blank lines are empty."""
    for start, end in spans:
        line = text[start:end]
        bare = line.strip()
        before = line[: len(line) - len(line.lstrip())]
        start += len(before)
        yield Line(bare, start, start + len(bare), len(before.expandtabs()))


def blocks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Yield runs of lines that are not blank."""
    block: list[Line] = []
    for line in lines:
        if line.text:
            block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block
