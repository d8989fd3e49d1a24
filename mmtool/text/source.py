"""A decoded text, and passages of it with their places in it."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from mmtool.records import Interval, Place
from mmtool.text.spans import Span


@dataclass(frozen=True)
class Source:
    """A decoded text file, with ``\\n`` at the end of lines; readers add notes for the user."""

    path: Path  # for messages only
    text: str
    notes: list[str] = field(default_factory=list)

    @cached_property
    def _breaks(self) -> list[int]:
        return [found.start() for found in re.finditer("\n", self.text)]

    def line_at(self, position: int) -> int:
        """The number of the line of a character, from 1."""
        return bisect_right(self._breaks, position - 1) + 1

    def lines(self) -> Iterator[Span]:
        """Yield the span of each line, without its line break."""
        start = 0
        for end in (*self._breaks, len(self.text)):
            yield start, end
            start = end + 1


class Part(NamedTuple):
    """What characters ``[start, end)`` of a source stand for: themselves, or the meaning of an escape."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a source without its markup, in parts in the order of the source.

    ``said`` are words of it whose own times the source tells: the character at which each begins, and when it
    is said.
    """

    parts: tuple[Part, ...]
    times: Interval | None = None
    kind: str = ""
    whole: bool = False  # never split, such as a scene heading
    said: tuple[tuple[int, Interval], ...] = ()

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)

    def places(self, source: Source, spans: Iterable[Span]) -> Iterator[Place]:
        """Yield the places in ``source`` of spans of the passage's text, none of which is empty."""
        only = self.parts[0] if len(self.parts) == 1 else None
        if only is not None and len(only.text) == only.end - only.start:  # as in most texts
            for first, stop in spans:
                yield Place(source.line_at(only.start + first), only.start + first, only.start + stop)
            return
        ends = list(accumulate(len(part.text) for part in self.parts))

        def origin(position: int) -> Span:
            """The span of the source that one character of the passage comes from."""
            index = bisect_right(ends, position)
            text, start, end = self.parts[index]
            offset = position - (ends[index] - len(text))
            return (start + offset, start + offset + 1) if len(text) == end - start else (start, end)

        for first, stop in spans:
            start, end = origin(first)[0], origin(stop - 1)[1]
            yield Place(source.line_at(start), start, end)


def plain_parts(text: str, start: int, end: int) -> tuple[Part, ...]:
    """``text[start:end]`` unchanged."""
    return (Part(text[start:end], start, end),)


def parts_without(
    text: str, start: int, end: int, markup: re.Pattern[str], meaning: Callable[[str], str]
) -> tuple[Part, ...]:
    """``text[start:end]`` with each match of ``markup`` replaced by its ``meaning``, which may be empty."""
    parts, at = [], start
    for found in markup.finditer(text, start, end):
        if at < found.start():
            parts.append(Part(text[at : found.start()], at, found.start()))
        if meant := meaning(found[0]):
            parts.append(Part(meant, *found.span()))
        at = found.end()
    if at < end:
        parts.append(Part(text[at:end], at, end))
    return tuple(parts)
