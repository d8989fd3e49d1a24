"""Transcripts with times in plain text: "0:05 Hello", "[00:05.000 --> 00:07.000] Hello", or on two lines.

Where the line of the time begins with a name, as in "Ann 0:05", the name is not part of the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from mmtool.text.columns import Clock
from mmtool.text.source import Passage, Source, plain_parts
from mmtool.text.tally import Tally

_TIME = r"\d{1,3}:\d\d(?::\d\d)?(?:[:;.,]\d{1,3})?(?!\d)"
_LINE = re.compile(
    rf"[ \t]*[\[(]?(?P<start>{_TIME})(?:[ \t]*(?:-{{1,2}}>|-|–|to|,)[ \t]*(?P<end>{_TIME}))?[\])]?"
    r"(?:[ \t]*[-–:][ \t]|[ \t]|$|(?<=[\])]))",
    re.ASCII,
)
_NAMED = re.compile(  # a line of its own: "Ann Lee   0:03", as meeting programs write
    rf"[^\W\d][^\n\d:]{{0,59}}?(?:[ \t]{{2,}}|\t)[\[(]?(?P<start>{_TIME})[\])]?[ \t]*(?P<end>$)", re.MULTILINE
)
_SPOKEN = re.compile(r"(?:\d+ (?:hours?|minutes?|seconds?)(?:, |$))+")  # "1 minute, 5 seconds", from YouTube
_FEWEST = 2  # lines with times
_LEAST_TIMED = 1 / 3  # of the lines that are not blank
_LEAST_ORDERED = 0.9  # of the times come after the one before


@dataclass(frozen=True, slots=True)
class _Entry:
    """Times as they are written, and the span of the text that follows."""

    line: int
    start: str
    end: str
    text: tuple[int, int]


def looks_timed(source: Source) -> bool:
    """Whether many lines begin with times, or are a name and a time, in the order of the times."""
    entries = list(_entries(source))
    timed = [entry for entry in entries if entry.start]
    lines = sum(1 for start, end in source.lines() if source.text[start:end].strip())
    if len(timed) < _FEWEST or len(timed) < _LEAST_TIMED * lines:
        return False
    clock = Clock.of(entry.start for entry in timed)
    times = [clock.read(entry.start) or 0.0 for entry in timed]
    ordered = sum(later > earlier for earlier, later in pairwise(times))
    return ordered >= _LEAST_ORDERED * (len(times) - 1)


def read_timed_lines(source: Source) -> Iterator[Passage]:
    """Yield the text after each time; it ends at the time that is given, or where the next text begins."""
    tally = Tally(source, "text", "texts", "correct the times, or use `text_format=plain`")
    entries = list(_entries(source))
    clock = Clock.of(cell for entry in entries for cell in (entry.start, entry.end))
    for index, entry in enumerate(entries):
        following = entries[index + 1].start if index + 1 < len(entries) else ""
        parts = plain_parts(source.text, *entry.text)
        if not parts[0].text.strip():
            if entry.start:
                tally.drop_empty()
            continue
        start, end = clock.read(entry.start), clock.read(entry.end or following)
        if not entry.start or not (entry.end or following):
            tally.count()
            yield Passage(parts)
        elif start is None or end is None:
            tally.no_times(entry.line, f"'{entry.start}' is not a time")
            yield Passage(parts)
        else:
            yield Passage(parts, times=tally.interval(entry.line, start, end))
    if clock.note:
        source.notes.append(clock.note)
    tally.finish()


def _entries(source: Source) -> Iterator[_Entry]:
    """The stretches of text between times; what stands before the first time has none."""
    text, begin = source.text, _Entry(1, "", "", (0, 0))
    end_of_line = 0
    skips_spoken = False
    pattern = _LINE if any(_LINE.match(text, *span) for span in source.lines()) else _NAMED
    for number, (start, end) in enumerate(source.lines(), start=1):
        found = pattern.match(text, start, end)
        if found is None:
            if skips_spoken and _SPOKEN.fullmatch(text, start, end):
                begin = _Entry(begin.line, begin.start, begin.end, (end, end))
            skips_spoken = False
            end_of_line = end
            continue
        yield _Entry(begin.line, begin.start, begin.end, (begin.text[0], max(begin.text[0], end_of_line)))
        begin = _Entry(number, found["start"], found["end"] or "", (found.end(), end))
        end_of_line, skips_spoken = end, found.end() == end
    yield _Entry(begin.line, begin.start, begin.end, (begin.text[0], max(begin.text[0], end_of_line)))
