"""Tables of measures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from mmtool.cli.console import percent

if TYPE_CHECKING:
    from mmtool.evaluation.measures import Estimate


def rows_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> Table:
    """A table whose first column is text and whose others are numbers."""
    table = Table(
        title=escape(title) or None, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False
    )
    for number, name in enumerate(columns):
        table.add_column(
            escape(name), justify="right" if number else "left", overflow="fold"
        )  # no digit is lost
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    return table


def with_interval(estimate: "Estimate") -> str:
    """A share as a percentage with its interval, or alone where the interval has no width."""
    value, low, high = map(percent, (estimate.value, estimate.low, estimate.high))
    return value if low == high else f"{value} ({low}–{high})"


def counted(number: int, noun: str) -> str:
    """A number of things in words: 1 video, 2 videos."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
