"""Tables of text: .csv and .tsv, with named columns or with the columns start, end and text."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from mmtool.errors import InputError
from mmtool.records import Interval
from mmtool.text.source import Part, Passage, Source, parts_without, plain_parts
from mmtool.text.times import checked_interval, parse_interval

_COLUMNS = ("start", "end", "text")
_REMEDY = "write rows of start, end and text, or name the columns (text, start, end, kind) in the first row"
_QUOTED = re.compile(r'[ ]*"((?:[^"]|"")*+)"[ \t]*')
_DOUBLED = re.compile('""')
_LONGEST_SECONDS = 100  # of a usual cue; if half of the cues are longer, times are milliseconds


@dataclass(frozen=True, slots=True)
class _Cell:
    """The span of the content of a cell; ``raw_start`` is where the cell itself begins, at its quote."""

    start: int
    end: int
    quoted: bool
    raw_start: int


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    end: int
    cells: Sequence[_Cell]


def read_table(source: Source) -> Iterator[Passage]:
    """Yield the text of each row, in the order of the file; times are seconds or H:MM:SS.mmm.

    Blank lines are skipped, and so are lines that begin with ``#`` unless text is the first column. If the
    columns are named start, end, text and all times are whole numbers with a median duration above 100,
    they are milliseconds, as whisper writes them. Raises InputError for a malformed row, for an end
    before its start, and for a file without rows.
    """
    delimiter = "\t" if source.path.suffix.lower() == ".tsv" else _delimiter(source)
    rows = _rows(source, delimiter)
    if not rows:
        raise InputError(source.path, "has no rows", _REMEDY)
    names = [_plain(source, cell).lower() for cell in rows[0].cells]
    columns = {name: number for number, name in enumerate(names)}
    if "text" not in columns:
        columns = {name: number for number, name in enumerate(_COLUMNS)}
    else:
        rows = rows[1:]
    if columns["text"] > 0:
        rows = [row for row in rows if not _plain(source, row.cells[0]).startswith("#")]
    if not rows:
        raise InputError(source.path, "has no rows", _REMEDY)
    if ("start" in columns) is not ("end" in columns):
        raise InputError(source.path, "names only one of the columns start and end", _REMEDY)
    in_milliseconds = tuple(names) == _COLUMNS and _is_milliseconds(source, rows)
    if in_milliseconds:
        source.notes.append("start and end are read as milliseconds, as whisper writes them")
    for row in rows:
        yield _passage(source, row, columns, 1000 if in_milliseconds else 1)


def _passage(source: Source, row: _Row, columns: Mapping[str, int], scale: int) -> Passage:
    place, count = f"line {row.line}", len(row.cells)
    text_column = columns["text"]
    width = max(columns.values()) + 1
    if count < width or (count > width and text_column != width - 1):
        raise InputError(source.path, f"{place} is not a row", _REMEDY)
    values = {name: _plain(source, row.cells[number]) for name, number in columns.items() if name != "text"}
    cell = row.cells[text_column]
    if count > width:  # the rest of the line, which contains the delimiter
        cell = _Cell(cell.raw_start, row.end, False, cell.raw_start)
    parts = _parts(source, cell)
    if not "".join(part.text for part in parts).strip():
        raise InputError(source.path, f"{place} is not a row", _REMEDY)
    return Passage(parts, times=_times(source, place, values, scale), kind=values.get("kind", ""))


def _times(source: Source, place: str, values: Mapping[str, str], scale: int) -> Interval | None:
    start, end = values.get("start", ""), values.get("end", "")
    if not (start or end):
        return None
    if scale == 1:
        return parse_interval(source.path, place, start, end)
    return checked_interval(source.path, place, int(start) / scale, int(end) / scale)


def _is_milliseconds(source: Source, rows: Sequence[_Row]) -> bool:
    times = [[_plain(source, cell) for cell in row.cells[:2]] for row in rows]
    if not all(len(pair) == 2 and all(time.isdecimal() for time in pair) for pair in times):
        return False
    return median(int(end) - int(start) for start, end in times) > _LONGEST_SECONDS


def _delimiter(source: Source) -> str:
    """The delimiter that gives a first row of named columns, or of times and a text; otherwise a comma."""
    for delimiter in ",;\t|":
        first = next(iter(_rows(source, delimiter, most=1)), None)
        if first is None:
            continue
        cells = [_plain(source, cell) for cell in first.cells]
        if "text" in (cell.lower() for cell in cells) or (
            len(cells) >= len(_COLUMNS) and cells[0][:1].isdecimal() and cells[1][:1].isdecimal()
        ):
            return delimiter
    return ","


def _rows(source: Source, delimiter: str, most: int | None = None) -> list[_Row]:
    """The rows that are not blank, without comments before the first one."""
    rows: list[_Row] = []
    text, at = source.text, 0
    while at < len(text) and (most is None or len(rows) < most):
        cells, start = [], at
        while True:
            cell, at = _cell(text, at, delimiter)
            cells.append(cell)
            if at >= len(text) or text[at] == "\n":
                break
            at += 1  # the delimiter
        raw = text[start:at]
        if raw.strip() and (rows or not raw.lstrip().startswith("#")):
            rows.append(_Row(source.line_at(start), at, cells))
        at += 1
    return rows


def _cell(text: str, at: int, delimiter: str) -> tuple[_Cell, int]:
    """The cell that begins at ``at``, and where it ends; a quote that is never closed is text."""
    found = _QUOTED.match(text, at) if text.startswith(('"', ' "'), at) else None
    if found and (found.end() == len(text) or text[found.end()] in ("\n", delimiter)):
        return _Cell(*found.span(1), True, at), found.end()
    stop = re.compile(f"[{re.escape(delimiter)}\\n]").search(text, at)
    end = stop.start() if stop else len(text)
    return _Cell(at, end, False, at), end


def _parts(source: Source, cell: _Cell) -> tuple[Part, ...]:
    if cell.quoted:
        return parts_without(source.text, cell.start, cell.end, _DOUBLED, lambda _: '"')
    return plain_parts(source.text, cell.start, cell.end)


def _plain(source: Source, cell: _Cell) -> str:
    return "".join(part.text for part in _parts(source, cell)).strip()
