"""SubRip subtitles (.srt): cues are found by their lines of times, and end at the number of the next cue.

Blank lines and years inside a cue are kept. What programs write in spite of the format is read as well.
"""

import html
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile

from mmtool.errors import InputError
from mmtool.text.rolling import without_repeats
from mmtool.text.source import Passage, Source, parts_without
from mmtool.text.tally import Tally
from mmtool.text.times import read_time

REMEDY = "write '00:00:01,000 --> 00:00:02,000' and the text on the next line"
_ARROW = "-->"
_START = re.compile(r"\s*(-?\d+[:.,：．，].*)")
_OTHER_ARROW = re.compile(  # what editors and machine translation make of it, between whole times only
    r"(\d{1,3}[:：]\d\d?[:：]\d\d?(?:[:.,：．，]\d{1,9})?)\s{0,9}(?:-\s?-?\s?>|[–—]{1,2}\s?>?|→|⟶)\s{0,9}"
    r"(\d{1,3}[:：]\d\d?[:：]\d\d?.*)"
)
_NUMBER = re.compile(r"[\u200b\u200e\u200f\ufeff#\s]{0,4}(\d{1,9})[.:)]?")  # as programs decorate it
_TIME_WORD = re.compile(r"[\d:.,]+", re.ASCII)
_MARKUP = (
    r"<br\s{0,9}/?>|\\[Nh]"
    r"|</?[a-z][^<>]*>"  # <i>, <font …>, <c.yellow>, <v Name>; but not "I <3 you"
    r"|<\d[\d:.]*>"  # the times of karaoke
    r"|\{\\[^{}]*\}"  # {\an8}
)
_TAGS = re.compile(_MARKUP, re.IGNORECASE)
_TAGS_AND_ENTITIES = re.compile(_MARKUP + r"|&(?:\#\d{1,7}|\#x[\da-f]{1,6}|\w{1,32});?", re.IGNORECASE)


def read_subrip(source: Source, *, has_entities: bool = False) -> Iterator[Passage]:
    """Yield each cue with text, in the order of the file, with its times where they can be used.

    Character references such as ``&amp;`` are read where the text ``has_entities``.

    Raises InputError for a file without cues, or with times of which most cannot be used.
    """
    tally = Tally(source, "cue", "cues", "correct the times")
    yield from without_repeats(
        source, list(_cues(source, tally, _TAGS_AND_ENTITIES if has_entities else _TAGS))
    )
    tally.finish()


def looks_like_subrip(source: Source) -> bool:
    """Whether a text of unknown format has a line of times as SubRip does, two clocks and an arrow."""
    found = re.search(r"^\s{0,9}\d+:\d\d?(?::\d\d?)?[.,\d]* ?--> ?\d+:\d\d?", source.text, re.MULTILINE)
    return found is not None


def _cues(source: Source, tally: Tally, markup: re.Pattern[str]) -> Iterator[Passage]:
    spans = list(source.lines())
    lines = [source.text[start:end].strip() for start, end in spans]
    times = {index: found for index in range(len(lines)) if (found := _times_of(lines, index))}
    if not times:
        raise InputError(source.path, "has no cue", REMEDY)
    before = [
        line
        for line in lines[: next(iter(times))]
        if line and not _NUMBER.fullmatch(line) and not line.startswith("WEBVTT")
    ]
    if before:
        counted = "1 line" if len(before) == 1 else f"{len(before)} lines"
        source.notes.append(f"{counted} before the first cue left out")
    number = 0
    for index, stop in pairwise([*times, len(lines)]):
        previous = _number_above(lines, index)
        number = number + 1 if previous is None else previous
        first, last = index + 1, _end_of(lines, index + 1, stop, number)
        if first >= last:
            tally.drop_empty()
            continue
        parts = parts_without(source.text, spans[first][0], spans[last - 1][1], markup, _meaning)
        if not "".join(part.text for part in parts).strip():
            tally.drop_empty()
            continue
        yield Passage(parts, times=tally.times(index + 1, *times[index]))


def _times_of(lines: Sequence[str], index: int) -> tuple[str, str] | None:
    """The start and the end that a line of times has, as they are written; None for another line."""
    start, arrow, rest = lines[index].partition(_ARROW)
    if not arrow:
        other = _OTHER_ARROW.fullmatch(lines[index])
        return (other[1], _end_in(other[2])) if other else None
    start, rest = start.strip(), rest.strip()
    is_numbered = (
        bool(start and rest) and lines[index - 1].isdecimal() and not "".join(lines[index - 2 : index - 1])
    )
    if not (_START.fullmatch(start) or (index and is_numbered)):
        return None
    return start, _end_in(rest)


def _end_in(rest: str) -> str:
    """The end of a cue, which follows the arrow; spaces may be in it, and words after it."""
    words = rest.split(maxsplit=9)
    spaced = " ".join(takewhile(_TIME_WORD.fullmatch, words[:9]))
    return spaced if ":" in spaced and read_time(spaced) is not None else "".join(words[:1])


def _number_above(lines: Sequence[str], index: int) -> int | None:
    """The number of the cue whose times are on a line, which is on the line before; None if it has none."""
    found = _NUMBER.fullmatch(lines[index - 1]) if index else None
    return int(found[1]) if found else None


def _end_of(lines: Sequence[str], first: int, stop: int, number: int) -> int:
    """The line at which the text of a cue ends: before the number of the next cue."""
    last = stop
    if last < len(lines) and last > first:
        found = _NUMBER.fullmatch(lines[last - 1])
        is_next = (
            found is not None and int(found[1]) == number + 1 and (last - 1 == first or not lines[last - 2])
        )
        if lines[last - 1].isdecimal() or is_next:
            return last - 1
    while last > first and not lines[last - 1]:
        last -= 1
    is_alone = last - first > 0 and not lines[last - 2] and lines[last - 1] == str(number + 1)
    return last - 1 if is_alone else last  # a number with nothing after it


def _meaning(markup: str) -> str:
    if markup.startswith("&"):
        return html.unescape(markup)
    return " " if markup.lower().startswith(("<br", "\\n", "\\h")) else ""
