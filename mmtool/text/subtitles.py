"""Subtitles: SubRip (.srt) and WebVTT (.vtt, https://www.w3.org/TR/webvtt1/).

In both, cues are found by their lines of times. In WebVTT a cue ends at the next blank line, so that NOTE,
STYLE and REGION blocks and names of cues are skipped; in SubRip it ends at the number and times of the next
cue, so that blank lines and years inside a cue are kept.
"""

import html
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from mmtool.errors import InputError
from mmtool.text.source import Passage, Source, parts_without
from mmtool.text.spans import Span
from mmtool.text.times import parse_interval

_TIMES = re.compile(r"\s*(-?\d+:.*)-->\s*(\S*).*")
_MARKUP = (
    r"<br\s*/?>|\\N"
    r"|</?[a-z][^<>]*>"  # <i>, <font …>, <c.yellow>, <v Name>; but not "I <3 you"
    r"|<\d[\d:.]*>"  # the times of karaoke
    r"|\{\\[^{}]*\}"  # {\an8}
)
_TAGS = re.compile(_MARKUP, re.IGNORECASE)
_TAGS_AND_ENTITIES = re.compile(_MARKUP + r"|&(?:\#\d+|\#x[\da-f]+|\w{1,32});?", re.IGNORECASE)


def read_cues(source: Source) -> Iterator[Passage]:
    """Yield each cue, in the order of the file, with its times.

    Raises InputError for malformed times, for an end before its start, and for a file without cues.
    """
    is_webvtt = source.text.startswith("WEBVTT")
    markup = _TAGS_AND_ENTITIES if is_webvtt else _TAGS
    spans = list(source.lines())
    lines = [source.text[start:end] for start, end in spans]
    times = {index: found for index, line in enumerate(lines) if (found := _TIMES.fullmatch(line))}
    if not times:
        remedy = "write '00:00:01,000 --> 00:00:02,000' and the text on the next line"
        raise InputError(source.path, "has no cue", remedy)
    for index, stop in pairwise([*times, len(lines)]):
        start, end = times[index].groups()
        interval = parse_interval(source.path, f"line {index + 1}", start.strip(), end)
        first, last = index + 1, stop
        if is_webvtt:
            last = next((line for line in range(first, stop) if not lines[line].strip()), stop)
        if last == stop < len(lines) and last > first and lines[last - 1].strip().isdecimal():
            last -= 1  # the number of the next cue
        if first < last:
            yield Passage(
                parts_without(source.text, *_body(spans, first, last), markup, _meaning), times=interval
            )


def _body(spans: Sequence[Span], first: int, last: int) -> Span:
    return spans[first][0], spans[last - 1][1]


def _meaning(markup: str) -> str:
    if markup.startswith("&"):
        return html.unescape(markup)
    return " " if markup.lower().startswith(("<br", "\\n")) else ""
