"""Tables of text: .csv and .tsv, with named columns or with the columns start, end and text."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from mmtool.errors import InputError
from mmtool.records import Interval
from mmtool.text.columns import TIMES, UNNAMED, Clock, Columns, columns_of, unread_note
from mmtool.text.source import Part, Passage, Source, parts_without, plain_parts
from mmtool.text.tally import Tally
from mmtool.text.times import read_time

_WHISPER = [
    "start",
    "end",
    "text",
]  # the headings of whisper's .tsv, which is in milliseconds, without quotes
_REMEDY = "write rows of start, end and text, or name the columns (text, start, end, kind) in the first row"
_QUOTED = re.compile(r'[ ]*"((?:[^"]|"")*+)"[ \t]*')
_ESCAPED = re.compile(
    r'[ ]*"((?:[^"\\\n]|\\.)*+)"[ \t]*'
)  # quotes after backslashes, as databases write them
_DOUBLED = re.compile(r'""|\\"')
_LONGEST_SECONDS = 100  # of a usual cue; if half of the cues are longer, times are milliseconds
_MOST_DIGITS = 12  # of a whole number of milliseconds
_BAND = "\\"  # begins a row in which Audacity says which frequencies the label above it means
_LABEL = re.compile(r"(?:\d+[.,]\d+\t){2}[^\t\n]|\\\t", re.ASCII)
_SAMPLE = 50  # rows that show whether a column holds times


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


@dataclass(frozen=True, slots=True)
class _Format:
    """How rows are taken apart; a quoted cell does not run over a line that is a row itself."""

    delimiter: str
    has_quotes: bool = True
    is_row: Callable[[str], bool] = lambda _: False


def read_table(source: Source) -> Iterator[Passage]:
    """Yield the text of each row that has some, in the order of the file, with its times if they can be used.

    Blank rows are skipped, and so are lines that begin with ``#`` unless text is the first column. Times
    are seconds, H:MM:SS.mmm or timecodes. If the columns are named start, end, text and all times are whole
    numbers with a median duration above 100, they are milliseconds, as whisper writes them. Raises
    InputError for a file without rows, or where most rows cannot be used.
    """
    delimiter = "\t" if source.path.suffix.lower() == ".tsv" else _delimiter(source)
    first = next(iter(_rows(source, _Format(delimiter), most=1)), None)
    names = [_plain(source, cell) for cell in first.cells] if first else []
    columns = columns_of(names) or _foreign(source, delimiter, names) or UNNAMED
    is_whisper = delimiter == "\t" and [name.lower() for name in names] == _WHISPER
    has_quotes = not (is_whisper and _is_milliseconds(_plain_rows(source, delimiter)[1:]))
    rows = _rows(source, _Format(delimiter, has_quotes, _row_test(delimiter, columns)))
    if columns.names:
        rows = [row for row in rows[1:] if [_plain(source, cell) for cell in row.cells] != names]
    if columns.of["text"] > 0:
        firsts = [_plain(source, row.cells[0]) for row in rows]
        rows = [
            row for row, cell in zip(rows, firsts, strict=True) if cell != _BAND and not cell.startswith("#")
        ]
    if not rows:
        raise InputError(source.path, "has no rows", _REMEDY)
    values = [[_plain(source, cell) for cell in row.cells] for row in rows]
    in_milliseconds = [name.lower() for name in names] == _WHISPER and _is_milliseconds(values)
    if in_milliseconds:
        source.notes.append("start and end are read as milliseconds, as whisper writes them")
        columns = replace(columns, milliseconds=frozenset(TIMES))
    clock = Clock.of(
        row[number]
        for row in values
        for role in TIMES
        if (number := columns.of.get(role, -1)) in range(len(row))
    )
    columns = _usable(columns, values, clock)
    source.notes.extend(note for note in (clock.note, _unused(columns, values)) if note)
    tally = Tally(source, "row", "rows", _REMEDY)
    for row, cells in zip(rows, values, strict=True):
        if passage := _passage(source, row, cells, columns, clock, tally):
            yield passage
    tally.finish()


def _is_remark(cell: str) -> bool:
    """Whether the first cell of a row says that it is not one of the texts."""
    return cell.startswith("#") or cell == _BAND


def looks_like_labels(source: Source) -> bool:
    """Whether the lines of a text are labels: two times and a text after tabs, as Audacity exports them."""
    lines = [(start, end) for start, end in source.lines() if source.text[start:end].strip()]
    return len(lines) > 1 and all(_LABEL.match(source.text, start, end) for start, end in lines)


def _foreign(source: Source, delimiter: str, names: Sequence[str]) -> Columns | None:
    """Columns with headings in a language that is not known here: the first two hold times, but for them."""
    if len(names) < UNNAMED.width or not all(names) or any(read_time(name) is not None for name in names):
        return None
    rows = list(_rows(source, _Format(delimiter), most=_SAMPLE))[1:]
    values = [[_plain(source, cell) for cell in row.cells] for row in rows]
    clock = Clock.of(cell for row in values for cell in row[:2])
    if not rows or not all(_holds_times(values, number, clock) for number in (0, 1)):
        return None
    lengths = [sum(len(row[n]) for row in values if n < len(row)) for n in range(2, len(names))]
    return Columns(tuple(names), {"start": 0, "end": 1, "text": 2 + lengths.index(max(lengths))})


def _usable(columns: Columns, values: Sequence[Sequence[str]], clock: Clock) -> Columns:
    """The columns without those that only seem to hold times, or that are of no use on their own."""
    roles = dict(columns.of)
    for role in columns.guessed.intersection(TIMES):
        if not _holds_times(values, roles[role], clock):
            del roles[role]
    if "start" not in roles or not {"end", "duration"}.intersection(roles):
        roles = {role: number for role, number in roles.items() if role not in TIMES}
    if "end" in roles:
        roles.pop("duration", None)
    return replace(columns, of=roles)


def _holds_times(values: Sequence[Sequence[str]], number: int, clock: Clock) -> bool:
    cells = [row[number] for row in values if number < len(row) and row[number]][:_SAMPLE]
    return 2 * sum(clock.read(cell) is not None for cell in cells) > len(cells)


def _unused(columns: Columns, values: Sequence[Sequence[str]]) -> str:
    """A note that names the columns that are not read, above all those that look like times."""
    numbers = [n for n, name in enumerate(columns.names) if name and n not in columns.of.values()]
    if not numbers:
        return ""
    clock = Clock.of(row[n] for row in values[:_SAMPLE] for n in numbers if n < len(row))
    note = unread_note("column", [columns.names[number] for number in numbers])
    if "start" not in columns.of and any(_holds_times(values, number, clock) for number in numbers):
        note += "; to use times, name their columns start and end"
    return note


def _passage(
    source: Source, row: _Row, values: Sequence[str], columns: Columns, clock: Clock, tally: Tally
) -> Passage | None:
    """What a row says; None for a row that is left out, which is counted unless it is blank."""
    if not any(values):
        return None
    number, count, width = columns.of["text"], len(row.cells), columns.width
    is_wide = count > width and any(values[width:])
    if count == width + 1 and number == width - 1 and not row.cells[number].quoted:
        is_wide = True  # a text with a comma at its end
    if count <= number or (is_wide and number != width - 1):
        tally.drop_unreadable(f"line {row.line} is not a row")
        return None
    cell = row.cells[number]
    if is_wide:  # the rest of the line, which contains the delimiter
        cell = _Cell(cell.raw_start, row.end, False, cell.raw_start)
    parts = _parts(source, cell)
    if not "".join(part.text for part in parts).strip():
        tally.drop_empty()
        return None
    said = {role: values[at] for role, at in columns.of.items() if role != "text" and at < count}
    return Passage(parts, times=_times(row.line, said, columns, clock, tally), kind=said.get("kind", ""))


def _times(
    line: int, said: Mapping[str, str], columns: Columns, clock: Clock, tally: Tally
) -> Interval | None:
    written = {role: said[role] for role in TIMES if said.get(role)}
    if not written:
        tally.count()
        return None
    read = {
        role: clock.read(cell, 1000 if role in columns.milliseconds else 1) for role, cell in written.items()
    }
    for role in ("start", "duration" if "duration" in columns.of else "end"):
        if read.get(role) is None:
            tally.no_times(line, f"'{written.get(role, '')[:40]}' is not a time")
            return None
    start = read["start"] or 0.0
    end = start + (read["duration"] or 0.0) if "duration" in columns.of else read["end"] or 0.0
    last = written.get("end", f"{end:g}")
    return tally.interval(line, start, end, (written["start"], last))


def _is_milliseconds(values: Sequence[Sequence[str]]) -> bool:
    """Whether the first two cells are whole numbers, except for a few rows, and too far apart for seconds."""
    whole = [row[:2] for row in values if len(row) > 1 and all(map(_is_whole, row[:2]))]
    others = [
        cell for row in values for cell in row[:2] if not _is_whole(cell) and read_time(cell) is not None
    ]
    if others or 2 * len(whole) <= len(values):
        return False
    return median(int(end) - int(start) for start, end in whole) > _LONGEST_SECONDS


def _is_whole(cell: str) -> bool:
    return cell.isascii() and cell.isdecimal() and len(cell) <= _MOST_DIGITS


def _plain_rows(source: Source, delimiter: str) -> list[list[str]]:
    """The cells of each line that is not blank, without a meaning of quotes."""
    lines = (source.text[start:end] for start, end in source.lines())
    return [[cell.strip() for cell in line.split(delimiter, 3)] for line in lines if line.strip()]


def _row_test(delimiter: str, columns: Columns) -> Callable[[str], bool]:
    """Tell lines that are rows with times from lines of a cell in quotes."""
    numbers = [columns.of[role] for role in ("start", "end") if role in columns.of]

    def is_row(line: str) -> bool:
        cells = line.split(delimiter, columns.width)
        return len(cells) >= columns.width and all(
            read_time(cells[number].strip(' "')) is not None for number in numbers
        )

    return is_row if numbers else lambda _: False


def _delimiter(source: Source) -> str:
    """The delimiter that gives a first row of named columns, or of times and a text; otherwise a comma."""
    for delimiter in ",;\t|":
        first = next(iter(_rows(source, _Format(delimiter), most=1)), None)
        if first is None:
            continue
        cells = [_plain(source, cell) for cell in first.cells]
        if columns_of(cells) or (
            len(cells) >= UNNAMED.width and cells[0][:1].isdecimal() and cells[1][:1].isdecimal()
        ):
            return delimiter
    return ","


def _rows(source: Source, form: _Format, most: int | None = None) -> list[_Row]:
    """The rows that are not blank, without comments before the first one."""
    rows: list[_Row] = []
    text, at = source.text, 0
    stop = re.compile(f"[{re.escape(form.delimiter)}\\n]")
    while at < len(text) and (most is None or len(rows) < most):
        cells, start = [], at
        while True:
            cell, at = _cell(text, at, form, stop)
            cells.append(cell)
            if at >= len(text) or text[at] == "\n":
                break
            at += 1  # the delimiter
        raw = text[start:at]
        if raw.strip() and (rows or not raw.lstrip().startswith("#")):
            rows.append(_Row(source.line_at(start), at, cells))
        at += 1
    return rows


def _cell(text: str, at: int, form: _Format, stop: re.Pattern[str]) -> tuple[_Cell, int]:
    """The cell that begins at ``at``, and where it ends; a quote that is never closed is text."""
    found = _QUOTED.match(text, at) if form.has_quotes and text.startswith(('"', ' "'), at) else None
    is_closed = found and (found.end() == len(text) or text[found.end()] in ("\n", form.delimiter))
    if found and is_closed and not any(map(form.is_row, found[1].split("\n")[1:])):
        return _Cell(*found.span(1), True, at), found.end()
    found = _ESCAPED.match(text, at) if found and not is_closed else None
    if found and "\\" in found[1] and text[found.end() : found.end() + 1] in ("", "\n", form.delimiter):
        return _Cell(*found.span(1), True, at), found.end()
    border = stop.search(text, at)
    end = border.start() if border else len(text)
    return _Cell(at, end, False, at), end


def _parts(source: Source, cell: _Cell) -> tuple[Part, ...]:
    if cell.quoted:
        return parts_without(source.text, cell.start, cell.end, _DOUBLED, lambda _: '"')
    return plain_parts(source.text, cell.start, cell.end)


def _plain(source: Source, cell: _Cell) -> str:
    if not cell.quoted:
        return source.text[cell.start : cell.end].strip()
    return "".join(part.text for part in _parts(source, cell)).strip()
