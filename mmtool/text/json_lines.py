r"""JSON lines (.jsonl): ``{"text": …, "start": …, "end": …, "kind": …}`` a line; only text is required."""

import json
import re
from collections.abc import Iterator

from mmtool.records import Interval
from mmtool.text.source import Part, Passage, Source, parts_without
from mmtool.text.tally import Tally
from mmtool.text.times import read_time

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]')
_COLON = re.compile(r"\s*:")
_ESCAPE = re.compile(r"\\u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|\\u\w{4}|\\.")
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_REMEDY = 'write one object per line, {"text": "…", "start": 1.5, "end": 3.0}; only text is required'


def read_objects(source: Source) -> Iterator[Passage]:
    """Yield the text of each object, in the order of the file, with its times where they can be used.

    Raises InputError where most lines are not such objects, or have times that cannot be used.
    """
    tally = Tally(source, "object", "objects", _REMEDY)
    repaired = 0
    for number, (start, end) in enumerate(source.lines(), start=1):
        line = source.text[start:end]
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            tally.drop_unreadable(f"line {number} is not JSON")
            continue
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            tally.drop_unreadable(f"line {number} is not an object with a text")
            continue
        if not row["text"].strip():
            tally.drop_empty()
            continue
        repaired += _UNWRITABLE.search(row["text"]) is not None
        kind = row.get("kind")
        yield Passage(
            _text_of(source.text, start, end),
            times=_times(tally, number, row),
            kind=_UNWRITABLE.sub("\ufffd", kind if isinstance(kind, str) else json.dumps(kind))
            if kind
            else "",
        )
    if repaired:
        counted = "1 object contains" if repaired == 1 else f"{repaired} objects contain"
        source.notes.append(f"{counted} a NUL or half a surrogate pair, read as \ufffd")
    tally.finish()


def _times(tally: Tally, line: int, row: dict[str, object]) -> Interval | None:
    """The times of an object, which may have a duration in place of an end; None where it has none."""
    start, end, duration = row.get("start"), row.get("end"), row.get("duration")
    if start is None and end is None:
        tally.count()
        return None
    first, last = _seconds(start), _seconds(end)
    if last is None and end is None and first is not None and (lasting := _seconds(duration)) is not None:
        last = first + lasting
    if first is None or last is None:
        tally.no_times(line, "start and end must be times in seconds")
        return None
    return tally.interval(line, first, last)


def _seconds(value: object) -> float | None:
    """The time that a value of JSON stands for: a number, or a time in quotes."""
    if isinstance(value, str):
        return read_time(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _text_of(text: str, start: int, end: int) -> tuple[Part, ...]:
    """The value of "text" in the object itself, not in a nested one; the last if there are several."""
    depth, name = 0, ""
    parts: tuple[Part, ...] = ()
    for found in _STRING.finditer(text, start, end):
        if found[0] in "{[":
            depth += 1
        elif found[0] in "}]":
            depth -= 1
        elif depth == 1 and _COLON.match(text, found.end(), end):
            name = json.loads(found[0])
        elif depth == 1 and name == "text":
            name, parts = "", parts_without(text, found.start() + 1, found.end() - 1, _ESCAPE, _unescape)
    return parts


def _unescape(escape: str) -> str:
    return _UNWRITABLE.sub("\ufffd", str(json.loads(f'"{escape}"')))
