"""Tables of measures for papers and spreadsheets: CSV, Markdown, LaTeX."""

import csv
import io
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from mmtool.formats.atomic import write_text
from mmtool.formats.csv_rows import without_formula

LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "−": "$-$",
    "–": "--",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


class Measured(NamedTuple):
    """A share, or a difference of shares, with the ends of its confidence interval; nan where undefined."""

    value: float
    low: float
    high: float


Cell = str | int | float | Measured


class MeasuredTable(NamedTuple):
    """A heading for each column, and rows of names, counts (int), shares (float) and measures.

    ``signed`` says that the measures are differences.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    signed: bool = False


def write_table(path: Path, table: MeasuredTable) -> None:
    """Write a table in the format that the suffix names: shares in CSV, percent in the others."""
    write_text(path, WRITERS[path.suffix.lower()](table))


def _csv(table: MeasuredTable) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    columns: list[str] = []
    for number, name in enumerate(table.columns):
        interval = any(isinstance(row[number], Measured) for row in table.rows)
        columns += [name, f"{name} low", f"{name} high"] if interval else [name]
    writer.writerow(column.replace(" ", "_") for column in columns)
    for row in table.rows:
        cells: list[object] = []
        for cell in row:
            if isinstance(cell, Measured):
                cells += [_rounded(share) for share in cell]
            else:
                cells.append(without_formula(cell) if isinstance(cell, str) else _rounded(cell))
        writer.writerow(cells)
    return buffer.getvalue()


def _rounded(number: float) -> object:
    if isinstance(number, int):
        return number
    return "" if math.isnan(number) else round(number, 6)


def _markdown(table: MeasuredTable) -> str:
    lines = [list(map(_markdown_text, table.columns)), ["---", *["---:"] * (len(table.columns) - 1)]]
    lines += [[_markdown_text(_shown(cell, table.signed)) for cell in row] for row in table.rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _markdown_text(text: str) -> str:
    return re.sub(r"([\\|`*_<>\[\]])", r"\\\1", " ".join(text.split()))


def _latex(table: MeasuredTable) -> str:
    """A tabular for the package booktabs."""

    def line(cells: Sequence[str]) -> str:
        return " & ".join("".join(LATEX.get(character, character) for character in c) for c in cells) + r" \\"

    rows = [line([_shown(cell, table.signed) for cell in row]) for row in table.rows]
    return "\n".join(
        [
            rf"\begin{{tabular}}{{l{'r' * (len(table.columns) - 1)}}}",
            r"\toprule",
            line(table.columns),
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


def _shown(cell: Cell, signed: bool) -> str:
    """Percent with its interval, where that has a width."""
    if isinstance(cell, Measured):
        value, low, high = (_percent(share, signed) for share in cell)
        return value if low == high else f"{value} ({low} to {high})" if signed else f"{value} ({low}–{high})"
    return _percent(cell, signed) if isinstance(cell, float) else str(cell)


def _percent(share: float, signed: bool) -> str:
    if math.isnan(share):
        return "–"
    return f"{100 * share:{'+' if signed else ''}.1f}".replace("-", "−")


WRITERS: dict[str, Callable[[MeasuredTable], str]] = {".csv": _csv, ".md": _markdown, ".tex": _latex}
