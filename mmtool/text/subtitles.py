"""Subtitles: SubRip (.srt) and WebVTT (.vtt, https://www.w3.org/TR/webvtt1/).

Both are found by their lines of times. In WebVTT a cue ends at the next blank line, so that NOTE, STYLE and
REGION blocks and names of cues fall away; in SubRip it ends at the number and times of the next one, so that
blank lines and years inside a cue survive.
"""

import html
import re
from collections.abc import Iterable
from itertools import pairwise, takewhile
from pathlib import Path

from mmtool.choices import TextSplit
from mmtool.errors import InputError
from mmtool.records import Snippet
from mmtool.text.splitting import split_snippet
from mmtool.text.times import parse_interval

_TIMES = re.compile(r"\s*(-?\d+:.*)-->\s*(\S*).*")
_BREAK = re.compile(r"<br\s*/?>|\\N", re.IGNORECASE)
_TAG = re.compile(
    r"</?[a-z][^<>]*>"  # <i>, <font …>, <c.yellow>, <v Name>; but not "I <3 you"
    r"|<\d[\d:.]*>"  # the times of karaoke
    r"|\{\\[^{}]*\}",  # {\an8}
    re.IGNORECASE,
)


def read_cues(path: Path, text: str, split: TextSplit) -> list[Snippet]:
    """Return a snippet for each cue that has text, in the order of the file, with its times.

    Raises ``InputError`` for times that are malformed or reversed, and for a file without any cue.
    """
    text_of = _webvtt_text if text.startswith("WEBVTT") else _without_tags
    lines = text.split("\n")
    times = {index: found for index, line in enumerate(lines) if (found := _TIMES.fullmatch(line))}
    snippets: list[Snippet] = []
    for index, stop in pairwise([*times, len(lines)]):
        start, end = times[index].groups()
        interval = parse_interval(path, f"line {index + 1}", start.strip(), end)
        body = lines[index + 1 : stop]
        if stop in times and body and body[-1].strip().isdecimal():
            body.pop()  # the number of the next cue
        snippets += split_snippet(Snippet(text_of(body), *interval), split)
    if not snippets:
        raise InputError(
            path, "has no cue with text", "write '00:00:01,000 --> 00:00:02,000' and below it the text"
        )
    return snippets


def _webvtt_text(lines: list[str]) -> str:
    return html.unescape(_without_tags(takewhile(str.strip, lines)))


def _without_tags(lines: Iterable[str]) -> str:
    return _TAG.sub("", _BREAK.sub(" ", "\n".join(lines)))
