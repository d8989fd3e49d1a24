"""Generalisation, overfitting and their ratio by epoch, of the branches of one run or of several."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mmtool.choices import PictureFormat
from mmtool.plots.curves import INK, WIDTH, colours, draw_line, title_panel, write_figure
from mmtool.plots.history import Array

Style = Literal["-", "--", ":", "-."]
STYLES: tuple[Style, ...] = ("-", "--", ":", "-.")  # of branches, where several runs are drawn
PANELS = (
    ("generalisation", "G: learned for the validation videos"),
    ("overfitting", "O: learned for the training videos only"),
    ("ratio", "OGR = |O / G|"),
)


@dataclass(frozen=True, slots=True)
class OgrCurve:
    """The measures (E,) of one branch of a run since the beginning; nan where a ratio is undefined."""

    run: str
    branch: str
    epochs: Array
    generalisation: Array
    overfitting: Array
    ratio: Array


def write_ogr(path: Path, curves: Sequence[OgrCurve], picture_format: PictureFormat) -> None:
    """Draw the branches of one or more runs into one picture."""
    write_figure(path, lambda: draw_ogr(curves), picture_format)


def draw_ogr(curves: Sequence[OgrCurve]) -> Figure:
    """Three panels. Colours are runs and styles branches; of one run, colours are branches."""
    figure = Figure(figsize=(WIDTH, 4))
    runs = list(dict.fromkeys(curve.run for curve in curves))
    branches = list(dict.fromkeys(curve.branch for curve in curves))
    one = len(runs) == 1
    coloured = branches if one else runs
    colour_of = dict(zip(coloured, colours(len(coloured)), strict=True))
    style_of = {branch: STYLES[0 if one else k % len(STYLES)] for k, branch in enumerate(branches)}
    for axes, (name, title) in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
        title_panel(axes, title)
        axes.set_xlabel("epoch")
        if name == "ratio":
            axes.set_yscale("log")
        else:
            axes.axhline(0, color=INK, linewidth=0.8)
        for curve in curves:
            values = getattr(curve, name)
            if name == "ratio":
                values = np.where(values > 0, values, np.nan)  # what a logarithmic scale can show
            colour = colour_of[curve.branch if one else curve.run]
            draw_line(axes, curve.epochs, values, colour, style=style_of[curve.branch])
    title = "Generalisation and overfitting since the beginning"
    figure.suptitle(
        f"{title} — {runs[0]}" if one else title, x=0.01, ha="left", weight="bold", parse_math=False
    )
    _name_lines(figure, colour_of, {} if one or len(branches) == 1 else style_of)
    return figure


def _name_lines(figure: Figure, colour_of: dict[str, str], style_of: dict[str, Style]) -> None:
    lines = [Line2D([], [], color=colour, linewidth=3) for colour in colour_of.values()]
    lines += [Line2D([], [], color=INK, linestyle=style) for style in style_of.values()]
    names = [*colour_of, *style_of]
    rows = -(-len(lines) // 4)
    figure.set_figheight(figure.get_figheight() + 0.25 * rows)
    legend = figure.legend(lines, ["name"] * len(lines), loc="outside lower center", ncols=4)
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_parse_math(False)  # a run's name may contain anything
        text.set_text(name)
