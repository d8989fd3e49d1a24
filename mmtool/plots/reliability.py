"""Reliability curves: how often decisions of a given confidence are right, of one run or of several."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmtool.choices import PictureFormat
from mmtool.plots.curves import INK, colours, write_figure

LARGEST = 900.0  # area, in square points, of a dot for all decisions


@dataclass(frozen=True, slots=True)
class Curve:
    """The expected calibration error, and bins with their ``share``, ``confidence`` and ``accuracy``."""

    error: float
    bins: Sequence[Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Reliability:
    """The curves of one run."""

    run: str
    clips: Curve
    snippets: Curve


def write_reliability(path: Path, curves: Sequence[Reliability], picture_format: PictureFormat) -> None:
    """Draw one or more runs' curves into one picture."""
    write_figure(path, lambda: draw_reliability(curves), picture_format)


def draw_reliability(curves: Sequence[Reliability]) -> Figure:
    """Draw accuracy over confidence of clips and snippets; a dot's area is its share of the decisions."""
    figure = Figure(figsize=(9.0, 5.2))
    title = "Reliability of the confidence (dot area: share of the decisions)"
    figure.suptitle(title, x=0.01, ha="left", weight="bold")
    clips, snippets = figure.subplots(1, 2, sharey=True)
    shown = ((clips, "Clips, weighted by duration"), (snippets, "Snippets, weighted equally"))
    for axes, title in shown:
        axes.set_title(title)
        axes.plot([0, 100], [0, 100], color=INK, linestyle=":", linewidth=1.2)
        axes.set(xlim=(0, 100), ylim=(0, 100), xlabel="confidence, %", aspect="equal")
    clips.set_ylabel("right, %")
    clips.annotate("underconfident", (4, 93), color=INK, style="italic")
    clips.annotate("overconfident", (96, 4), color=INK, style="italic", ha="right")
    for curve, colour in zip(curves, colours(len(curves)), strict=True):
        _draw(clips, curve.clips, colour)
        _draw(snippets, curve.snippets, colour)
    lines = [mpl.lines.Line2D([], [], color=colour, marker="o") for colour in colours(len(curves))]
    legend = figure.legend(lines, ["run"] * len(curves), loc="outside lower center", ncols=2)
    for text, curve in zip(legend.get_texts(), curves, strict=True):
        text.set_parse_math(False)  # a run's name may contain anything
        text.set_text(
            f"{curve.run}: calibration error {_percent(curve.clips.error)} (clips), "
            f"{_percent(curve.snippets.error)} (snippets)"
        )
    return figure


def _draw(axes: Axes, curve: Curve, colour: str) -> None:
    filled = [b for b in curve.bins if b["share"] > 0]
    confidence, accuracy = [100 * b["confidence"] for b in filled], [100 * b["accuracy"] for b in filled]
    axes.plot(confidence, accuracy, color=colour, alpha=0.6)
    areas = [max(LARGEST * b["share"], 8.0) for b in filled]
    axes.scatter(confidence, accuracy, areas, color=colour, alpha=0.8, linewidths=0, zorder=3, clip_on=False)


def _percent(error: float) -> str:
    return "–" if math.isnan(error) else f"{100 * error:.1f} %"
