"""CSV files with a header, read strictly: every error names the file and the line."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mmtool.errors import InputError
from mmtool.formats.atomic import write_text

FORMULA_STARTS = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "＝",
    "＋",
    "－",
    "＠",
)  # the last four in East Asian locales

csv.field_size_limit(2**31 - 1)  # the default of 131,072 characters is too few for a text on a single line


def read_utf8(path: Path, remedy: str) -> str:
    """Read a UTF-8 file, with or without a byte-order mark.

    Raises:
        InputError: The file cannot be read, or is not UTF-8; ``remedy`` completes the message.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(path, "no such file", remedy) from None
    except UnicodeDecodeError:
        raise InputError(path, "is not UTF-8 text", remedy) from None
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", remedy) from error


def read_rows(path: Path, columns: Sequence[str], remedy: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield ``(line number, row)`` for a CSV file whose header has at least ``columns``.

    Raises:
        InputError: A column is missing, or a line is malformed; ``remedy`` completes the message.
    """
    reader = csv.DictReader(io.StringIO(read_utf8(path, remedy), newline=""))
    try:
        missing = [name for name in columns if name not in (reader.fieldnames or [])]
        if missing:
            raise InputError(path, f"has no column {missing[0]!r}", remedy)
        for row in reader:
            if None in row or None in row.values():
                raise InputError(
                    path, f"line {reader.line_num} does not have as many columns as the header", remedy
                )
            yield reader.line_num, row
    except csv.Error as error:
        raise InputError(path, f"line {reader.line_num}: {error}", remedy) from error


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file atomically; None becomes an empty cell, and floats keep all digits."""
    write_text(path, as_csv(columns, rows))


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The content of a CSV file with a header."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return buffer.getvalue()


def without_formula(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: it gets an apostrophe where it looks like one."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def finite_seconds(text: str) -> float:
    """Parse a time in seconds; raises ValueError for anything but a finite number."""
    value = float(text)
    if not abs(value) < float("inf"):
        raise ValueError(text)
    return value
