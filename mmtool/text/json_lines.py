r"""JSON lines (.jsonl): ``{"text": …, "start": …, "end": …, "kind": …}`` a line; only text is required."""

import json
import re
from collections.abc import Iterator
from typing import TypeGuard

from mmtool.errors import InputError
from mmtool.text.source import Part, Passage, Source, parts_without
from mmtool.text.times import checked_interval

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]')
_COLON = re.compile(r"\s*:")
_ESCAPE = re.compile(r"\\u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|\\u\w{4}|\\.")
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_REMEDY = 'write one object per line, {"text": "…", "start": 1.5, "end": 3.0}; only text is required'


def read_objects(source: Source) -> Iterator[Passage]:
    """Yield the text of each object, in the order of the file; times are in seconds.

    Raises InputError for a line that is not such an object, and for an end before its start.
    """
    for number, (start, end) in enumerate(source.lines(), start=1):
        line = source.text[start:end]
        if not line.strip():
            continue
        place = f"line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise InputError(source.path, f"{place} is not JSON", _REMEDY) from None
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            raise InputError(source.path, f"{place} is not an object with a text", _REMEDY)
        if _UNWRITABLE.search(row["text"]):
            raise InputError(source.path, f"{place} contains a NUL or half a surrogate pair", _REMEDY)
        start_time, end_time, kind = row.get("start"), row.get("end"), row.get("kind") or ""
        if not isinstance(kind, str):
            raise InputError(source.path, f"{place}: the kind is not a string", _REMEDY)
        if start_time is None and end_time is None:
            interval = None
        elif _is_time(start_time) and _is_time(end_time):
            interval = checked_interval(source.path, place, start_time, end_time)
        else:
            raise InputError(source.path, f"{place}: start and end must be times in seconds", _REMEDY)
        yield Passage(_text_of(source.text, start, end), times=interval, kind=kind)


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


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
    return str(json.loads(f'"{escape}"'))
