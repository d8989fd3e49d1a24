"""SubStation Alpha subtitles (.ass, .ssa): the Dialogue lines of [Events], in the order of the file."""

import re
from collections.abc import Iterator

from mmtool.errors import InputError
from mmtool.text.source import Part, Passage, Source
from mmtool.text.tally import Tally

_FIELDS = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"  # the usual Format
_LINE = re.compile(r"[ \t]*(Format|Dialogue)[ \t]*:(.*)", re.IGNORECASE)
_MARKUP = re.compile(r"\{[^{}]*\}|\\[Nnh]")  # overrides such as {\i1}, comments in braces, breaks
_DRAWING_MODE = re.compile(r"\\p(\d)")  # \p1 begins shapes, \p0 ends them
_REMEDY = "write 'Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,' followed by the text"


def looks_like_substation(source: Source) -> bool:
    """Whether a text of unknown format has the section of events, and an event in it."""
    return "[Events]" in source.text and "\nDialogue:" in source.text


def read_events(source: Source) -> Iterator[Passage]:
    """Yield each Dialogue with text, with its times where they can be used; drawings are not text.

    Raises InputError for a file without a Dialogue, or where most of them cannot be used.
    """
    tally = Tally(source, "Dialogue line", "Dialogue lines", _REMEDY)
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
        if len(cells) < len(fields) or fields[-1] != "text":
            tally.drop_unreadable(f"line {number} is not a Dialogue of the Format above it")
            continue
        row = dict(zip(fields, cells, strict=True))
        parts, has_drawing = _text(source.text, end - len(row["text"]), end)
        if "".join(part.text for part in parts).strip():
            times = tally.times(number, row.get("start", ""), row.get("end", ""))
            yield Passage(parts, times=times)
        elif not has_drawing:
            tally.drop_empty()
    if not found:
        raise InputError(source.path, "has no Dialogue below [Events]", _REMEDY)
    tally.finish()


def _names(line: str) -> list[str]:
    return [name.strip().lower() for name in line.split(",")]


def _text(text: str, start: int, end: int) -> tuple[tuple[Part, ...], bool]:
    """The text of an event without overrides and without drawings, and whether there are drawings."""
    parts, at, is_drawing, has_drawing = list[Part](), start, False, False
    for found in _MARKUP.finditer(text, start, end):
        if at < found.start() and not is_drawing:
            parts.append(Part(text[at : found.start()], at, found.start()))
        at = found.end()
        if found[0].startswith("\\"):
            if not is_drawing:
                parts.append(Part(" ", *found.span()))
        elif modes := _DRAWING_MODE.findall(found[0]):
            is_drawing = modes[-1] != "0"
            has_drawing = has_drawing or is_drawing
    if at < end and not is_drawing:
        parts.append(Part(text[at:end], at, end))
    return tuple(parts), has_drawing
