"""Accuracy over the course of the videos, of one run or of several."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mmtool.choices import PictureFormat
from mmtool.plots.curves import INK, colours, write_figure

MOST_BANDS = 3  # runs whose intervals can be seen beside each other


@dataclass(frozen=True, slots=True)
class AccuracyCurve:
    """The mean accuracy of one run in B equal parts of the videos, 0..1, with its interval (B,)."""

    run: str
    videos: int
    accuracy: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    unmatched: NDArray[np.float64]  # if every clip were unmatched, in the same videos


def write_accuracy_by_time(
    path: Path, curves: Sequence[AccuracyCurve], picture_format: PictureFormat
) -> None:
    """Draw the curves of one or more runs into one picture."""
    write_figure(path, lambda: draw_accuracy_by_time(curves), picture_format)


def draw_accuracy_by_time(curves: Sequence[AccuracyCurve]) -> Figure:
    """Draw a line for each run; that of unmatched clips is drawn for the first run's videos."""
    figure = Figure(figsize=(9.0, 5.0))
    figure.suptitle("Accuracy over the course of a video", x=0.01, ha="left", weight="bold")
    axes = figure.subplots()
    axes.set(
        xlim=(0, 100), ylim=(0, 100), xlabel="progress of the video, %", ylabel="correct share of the time, %"
    )
    lines = []
    for curve, colour in zip(curves, colours(len(curves)), strict=True):
        borders = np.linspace(0, 100, len(curve.accuracy) + 1)
        middles = (borders[:-1] + borders[1:]) / 2
        if len(curves) <= MOST_BANDS:
            axes.fill_between(
                middles, 100 * curve.low, 100 * curve.high, color=colour, alpha=0.15, linewidth=0
            )
        lines += axes.plot(middles, 100 * curve.accuracy, color=colour, marker="o", markersize=4)
    lines += axes.plot(middles, 100 * curves[0].unmatched, color=INK, linestyle=":", linewidth=1.2)
    names = [
        f"{curve.run}: mean of {curve.videos} video{'' if curve.videos == 1 else 's'}" for curve in curves
    ]
    legend = figure.legend(lines, ["run"] * len(lines), loc="outside lower center", ncols=2)
    for text, name in zip(legend.get_texts(), [*names, "every clip unmatched"], strict=True):
        text.set_parse_math(False)  # a run's name may contain anything
        text.set_text(name)
    if len(curves) <= MOST_BANDS and any(curve.videos > 1 for curve in curves):
        axes.set_title("bands: 95 % confidence intervals (bootstrap over videos)", fontsize=10)
    return figure
