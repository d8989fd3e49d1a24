"""CSV and TSV with a header, read strictly: every complaint names the file and the line."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mmtool.errors import InputError
from mmtool.formats.atomic import write_text

csv.field_size_limit(2**31 - 1)  # a text may be one endless line; the module's own limit is 131,072


def read_utf8(path: Path, remedy: str) -> str:
    """The text of a UTF-8 file (with or without a byte-order mark)."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(path, "no such file", remedy) from None
    except UnicodeDecodeError:
        raise InputError(path, "is not UTF-8 text", remedy) from None
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", remedy) from error


def read_rows(path: Path, columns: Sequence[str], remedy: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield ``(line number, row)`` of a CSV file whose header has at least ``columns``."""
    reader = csv.DictReader(io.StringIO(read_utf8(path, remedy), newline=""))
    try:
        missing = [name for name in columns if name not in (reader.fieldnames or [])]
        if missing:
            raise InputError(path, f"has no column {missing[0]!r}", remedy)
        for row in reader:
            if None in row or None in row.values():
                raise InputError(path, f"line {reader.line_num} has another number of columns", remedy)
            yield reader.line_num, row
    except csv.Error as error:
        raise InputError(path, f"line {reader.line_num}: {error}", remedy) from error


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file atomically; None becomes an empty cell, floats keep every digit."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_text(path, buffer.getvalue())


def finite_seconds(text: str) -> float:
    """A time in seconds; raises ValueError for anything that is no finite number."""
    value = float(text)
    if not abs(value) < float("inf"):
        raise ValueError(text)
    return value
