"""Tables of measures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from mmtool.cli.console import percent

if TYPE_CHECKING:
    from mmtool.evaluation.measures import Estimate
    from mmtool.evaluation.overfitting import OgrRow


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


def ogr_table(rows: "Sequence[OgrRow]") -> Table:
    """Losses, generalisation and overfitting at the best and the last epoch of runs."""
    columns = ["run", "branch", "epoch", "train loss", "val. loss", "G", "O", "OGR"]
    lines = []
    for row in rows:
        losses = [f"{row.train_loss:.3f}", f"{row.validation_loss:.3f}"]
        gains = [f"{value:+.3f}".replace("-", "−") for value in (row.generalisation, row.overfitting)]
        ratio = "–" if row.ratio is None else f"{row.ratio:.3g}"
        lines.append([row.run, row.branch, f"{row.epoch}{' *' * row.best}", *losses, *gains, ratio])
    starred = "; * best epoch" if any(row.best for row in rows) else ""
    return rows_table(columns, lines, title=f"Generalisation G, overfitting O, OGR = |O / G|{starred}")


def with_interval(estimate: "Estimate") -> str:
    """A share as a percentage with its interval, or alone where the interval has no width."""
    value, low, high = map(percent, (estimate.value, estimate.low, estimate.high))
    return value if low == high else f"{value} ({low}–{high})"


def counted(number: int, noun: str) -> str:
    """A number of things in words: 1 video, 2 videos."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
