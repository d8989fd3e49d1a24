r"""JSON lines (.jsonl): ``{"text": …, "start": …, "end": …, "kind": …}`` a line; only text is required."""

import json
import re
from collections.abc import Iterator, Mapping

from mmtool.records import Interval
from mmtool.text.columns import MILLISECONDS, ROLES, TIMES, plain_heading, unread_note
from mmtool.text.source import Part, Passage, Source, parts_without
from mmtool.text.spans import Span
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
    repaired, unread = 0, dict[str, None]()
    for number, (start, end) in enumerate(source.lines(), start=1):
        start, end = _object_in(source.text, start, end)
        line = source.text[start:end]
        if not line:
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            tally.drop_unreadable(f"line {number} is not JSON")
            continue
        keys = _keys(row) if isinstance(row, dict) else {}
        text = row[keys["text"]] if "text" in keys else 0
        if text is None:
            tally.drop_empty()
            continue
        if not isinstance(text, str):
            tally.drop_unreadable(f"line {number} is not an object with a text")
            continue
        if not text.strip():
            tally.drop_empty()
            continue
        unread.update(dict.fromkeys(key for key in row if key not in keys.values()))
        repaired += _UNWRITABLE.search(text) is not None
        kind = row.get("kind")
        yield Passage(
            _text_of(source.text, start, end, keys["text"]),
            times=_times(tally, number, row, keys),
            kind=_UNWRITABLE.sub("\ufffd", kind if isinstance(kind, str) else json.dumps(kind))
            if kind
            else "",
        )
    if repaired:
        counted = "1 object contains" if repaired == 1 else f"{repaired} objects contain"
        source.notes.append(f"{counted} a NUL or half a surrogate pair, read as \ufffd")
    if unread:
        source.notes.append(unread_note("key", list(unread)))
    tally.finish()


def _keys(row: Mapping[str, object]) -> dict[str, str]:
    """The key of each role, by its usual name or by one that other programs give it."""
    keys = {role: role for role in (*TIMES, "text", "kind") if role in row}
    for key in row:
        role = ROLES.get(plain_heading(key)[0])
        if role is not None and (role not in TIMES or _seconds(row[key], key) is not None):
            keys.setdefault(role, key)
    return keys


def _object_in(text: str, start: int, end: int) -> Span:
    """The span of the object in a line, which may be one of a JSON array that goes over the lines."""
    line = text[start:end]
    if line.strip() in ("", "[", "]"):
        return start, start
    first, last = start + len(line) - len(line.lstrip("[ \t")), start + len(line.rstrip("], \t"))
    is_object = first < last and text[first] == "{" and text[last - 1] == "}"
    return (first, last) if is_object else (start, end)


def _times(tally: Tally, line: int, row: Mapping[str, object], keys: Mapping[str, str]) -> Interval | None:
    """The times of an object, which may have a duration in place of an end; None where it has none."""
    start, end, duration = (row.get(keys.get(role, role)) for role in TIMES)
    if start is None and end is None:
        tally.count()
        return None
    first, last, lasting = (
        _seconds(value, keys.get(role, role))
        for role, value in zip(TIMES, (start, end, duration), strict=True)
    )
    if last is None and end is None and first is not None and lasting is not None:
        last = first + lasting
    if first is None or last is None:
        tally.no_times(line, "start and end must be times in seconds")
        return None
    return tally.interval(line, first, last)


def _seconds(value: object, key: str) -> float | None:
    """The time that a value of JSON stands for: a number in the unit of its key, or a time in quotes."""
    if isinstance(value, str):
        return read_time(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value) / (1000 if plain_heading(key)[1] in MILLISECONDS else 1)
    except OverflowError:
        return None


def _text_of(text: str, start: int, end: int, key: str) -> tuple[Part, ...]:
    """The value of a key in the object itself, not in a nested one; the last if there are several."""
    depth, name = 0, ""
    parts: tuple[Part, ...] = ()
    for found in _STRING.finditer(text, start, end):
        if found[0] in "{[":
            depth += 1
        elif found[0] in "}]":
            depth -= 1
        elif depth == 1 and _COLON.match(text, found.end(), end):
            name = json.loads(found[0])
        elif depth == 1 and name == key:
            name, parts = "", parts_without(text, found.start() + 1, found.end() - 1, _ESCAPE, _unescape)
    return parts


def _unescape(escape: str) -> str:
    return _UNWRITABLE.sub("\ufffd", str(json.loads(f'"{escape}"')))
