"""Confusion matrices: counts and shares for each run, in one picture."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mmtool.choices import PictureFormat
from mmtool.plots.curves import INK, write_figure

SHADES = mpl.colormaps["Blues"]
DARK = 0.55  # share of the row above which a cell has white text
LETTERS = 12  # per line of a column's name
MOST_COLUMNS = 2  # of runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Counts (R, C) of true labels by given labels, of one run; ``right`` (R, C) marks those that agree."""

    run: str
    true_name: str
    given_name: str
    true_labels: Sequence[str]
    given_labels: Sequence[str]
    counts: NDArray[np.int64]
    right: NDArray[np.bool_]

    @property
    def shares(self) -> NDArray[np.float64]:
        """The shares (R, C) of each row's counts; nan for a row without counts."""
        total = self.counts.sum(axis=1, keepdims=True)
        return np.where(total > 0, self.counts / np.maximum(total, 1), np.nan)

    @property
    def accuracy(self) -> float:
        """The share of the counts that agree; nan where nothing was counted."""
        total = self.counts.sum()
        return float(self.counts[self.right].sum() / total) if total else float("nan")


def write_confusion(path: Path, tables: Sequence[Confusion], picture_format: PictureFormat) -> None:
    """Draw the tables of one or more runs into one picture."""
    write_figure(path, lambda: draw_confusion(tables), picture_format)


def draw_confusion(tables: Sequence[Confusion]) -> Figure:
    """Draw a table for each run; a cell is as dark as its share of the row."""
    columns = min(len(tables), MOST_COLUMNS)
    lines = -(-len(tables) // columns)
    width = 2.6 + 1.1 * max(len(table.given_labels) for table in tables)
    height = 2.0 + 0.75 * max(len(table.true_labels) for table in tables)
    figure = Figure(figsize=(columns * width, lines * height))
    panels = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes, table in zip(panels, tables, strict=False):
        _draw(axes, table)
    for axes in panels[len(tables) :]:
        axes.set_visible(False)
    return figure


def _draw(axes: Axes, table: Confusion) -> None:
    shares = table.shares
    axes.imshow(np.nan_to_num(shares), cmap=SHADES, vmin=0, vmax=1, aspect="auto")
    axes.set_title(_title(table), parse_math=False, weight="bold", pad=12)
    axes.set_xticks(range(len(table.given_labels)), [_folded(name) for name in table.given_labels])
    axes.set_yticks(range(len(table.true_labels)), table.true_labels)
    axes.set_xlabel(table.given_name, labelpad=8)
    axes.set_ylabel(table.true_name, labelpad=8)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    for (row, column), count in np.ndenumerate(table.counts):
        share = shares[row, column]
        label = "–" if np.isnan(share) else f"{100 * share:.0f} %\n{count:,}"
        axes.text(
            column,
            row,
            label,
            ha="center",
            va="center",
            color="white" if share >= DARK else INK,
            weight="bold" if table.right[row, column] else "normal",
        )


def _title(table: Confusion) -> str:
    total = int(table.counts.sum())
    return (
        f"{table.run}: {100 * table.accuracy:.0f} % of {total:,} right" if total else f"{table.run}: no data"
    )


def _folded(name: str) -> str:
    return textwrap.fill(name, LETTERS)
