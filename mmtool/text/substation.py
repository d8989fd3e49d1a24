"""SubStation Alpha subtitles (.ass, .ssa): the Dialogue lines of [Events], in the order of the file."""

import re
from collections.abc import Iterator

from mmtool.errors import InputError
from mmtool.text.source import Passage, Source, parts_without
from mmtool.text.times import parse_interval

_FIELDS = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"  # the usual Format
_LINE = re.compile(r"[ \t]*(Format|Dialogue)[ \t]*:(.*)", re.IGNORECASE)
_MARKUP = re.compile(r"\{[^{}]*\}|\\[Nnh]")  # overrides such as {\i1}, comments in braces, breaks
_DRAWING = re.compile(r"\{[^{}]*\\p[1-9][^{}]*\}")  # shapes; what follows is not text
_REMEDY = "write 'Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,' followed by the text"


def read_events(source: Source) -> Iterator[Passage]:
    """Yield each Dialogue that is not a drawing, with its times.

    Raises InputError for a malformed line, for an end before its start, and for a file without a Dialogue.
    """
    fields, section, found = _names(_FIELDS), "[events]", False
    for number, (start, end) in enumerate(source.lines(), start=1):
        line = source.text[start:end]
        if line.lstrip().startswith("[") and line.rstrip().endswith("]"):
            section = line.strip().lower()
        event = _LINE.fullmatch(line) if section == "[events]" else None
        if event is None:
            continue
        if event[1].lower() == "format":
            fields = _names(event[2])
            continue
        found = True
        cells = event[2].split(",", len(fields) - 1)
        if len(cells) < len(fields) or not {"start", "end"} < set(fields) or fields[-1] != "text":
            raise InputError(source.path, f"line {number} is not a Dialogue of the Format above it", _REMEDY)
        row = dict(zip(fields, cells, strict=True))
        times = parse_interval(source.path, f"line {number}", row["start"].strip(), row["end"].strip())
        if not _DRAWING.search(row["text"]):
            text_start = end - len(row["text"])
            parts = parts_without(source.text, text_start, end, _MARKUP, _meaning)
            yield Passage(parts, times=times)
    if not found:
        raise InputError(source.path, "has no Dialogue below [Events]", _REMEDY)


def _names(line: str) -> list[str]:
    return [name.strip().lower() for name in line.split(",")]


def _meaning(markup: str) -> str:
    return " " if markup.startswith("\\") else ""
