"""Tables of numbers: a row of features in each line, with columns that say of what, and when."""

import csv
import io
from pathlib import Path

import numpy as np

from mmtool.errors import InputError
from mmtool.formats.csv_rows import read_utf8
from mmtool.importers.arrays.names import ENDS, IDS, NUMBERS, SPANS, STARTS, TEXTS, TIMES
from mmtool.importers.arrays.tree import ArraysFile, tree_of

REMEDY = "write one row of numbers in each line, and names of the columns in the first"
DELIMITERS = (",", "\t", ";")
FEATURES = "features"
NAMED = 5  # columns that a note names
_ABOUT_ROWS = IDS | TIMES | SPANS | STARTS | ENDS | NUMBERS | TEXTS


def read_table(path: Path) -> ArraysFile:
    """The columns of a table: those that say something about the rows, and all others as features.

    A column whose first cell is not a number is left out. Raises InputError.
    """
    text = read_utf8(path, REMEDY)
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        lines = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    except csv.Error as error:
        raise InputError(path, f"is not a table ({error})", REMEDY) from error
    if not lines:
        raise InputError(path, "is empty", REMEDY)
    header = [] if all(map(_is_number, lines[0])) else [name.strip() for name in lines[0]]
    rows = lines[1:] if header else lines
    width = len(lines[0])
    for number, row in enumerate(rows, start=2 if header else 1):
        if len(row) != width:
            raise InputError(path, f"row {number} has {len(row)} cells, not {width}", REMEDY)
    if not rows:
        raise InputError(path, "has no rows", REMEDY)
    columns, features, left_out = {}, [], []
    for index in range(width):
        name = header[index] if header else ""
        cells = [row[index].strip() for row in rows]
        if name.lower() in _ABOUT_ROWS:
            columns[name.lower()] = _numbers(path, name, cells) if _is_number(cells[0]) else cells
            if name.lower() in IDS:
                columns[name.lower()] = cells
        elif _is_number(cells[0]):
            features.append(_numbers(path, name or f"number {index + 1}", cells))
        else:
            left_out.append(name)
    if not features:
        raise InputError(path, "has no column of numbers", REMEDY)
    notes = []
    if left_out:
        more = f" and {len(left_out) - NAMED} more" if len(left_out) > NAMED else ""
        notes.append(f"{path}: left out columns without numbers: {', '.join(left_out[:NAMED])}{more}")
    return ArraysFile(tree_of({**columns, FEATURES: np.stack(features, axis=1)}), notes)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(path: Path, name: str, cells: list[str]) -> np.ndarray:
    try:
        return np.array(cells, np.float64)
    except ValueError:
        wrong = next(number for number, cell in enumerate(cells) if not _is_number(cell))
        problem = f"column {name}: the cell of row {wrong + 1} is {cells[wrong][:40]!r}, not a number"
        raise InputError(path, problem, REMEDY) from None
