"""Accuracy in the course of the videos, of one run or of several."""

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
class AccuracyCourse:
    """Of one run (B,): mean accuracy in equal parts of the videos, 0..1, and its interval."""

    run: str
    videos: int
    accuracy: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    unmatched: NDArray[np.float64]  # of matching nothing, in the same videos


def write_accuracy_course(
    path: Path, courses: Sequence[AccuracyCourse], picture_format: PictureFormat
) -> None:
    """Draw one or more runs' courses into one picture."""
    write_figure(path, lambda: draw_accuracy_course(courses), picture_format)


def draw_accuracy_course(courses: Sequence[AccuracyCourse]) -> Figure:
    """A line for each run over the share of the video; matching nothing is drawn for the first run."""
    figure = Figure(figsize=(9.0, 5.0))
    figure.suptitle("Accuracy in the course of a video", x=0.01, ha="left", weight="bold")
    axes = figure.subplots()
    axes.set(
        xlim=(0, 100), ylim=(0, 100), xlabel="share of the video, %", ylabel="right share of the time, %"
    )
    lines = []
    for course, colour in zip(courses, colours(len(courses)), strict=True):
        borders = np.linspace(0, 100, len(course.accuracy) + 1)
        middles = (borders[:-1] + borders[1:]) / 2
        if len(courses) <= MOST_BANDS:
            axes.fill_between(
                middles, 100 * course.low, 100 * course.high, color=colour, alpha=0.15, linewidth=0
            )
        lines += axes.plot(middles, 100 * course.accuracy, color=colour, marker="o", markersize=4)
    lines += axes.plot(middles, 100 * courses[0].unmatched, color=INK, linestyle=":", linewidth=1.2)
    names = [f"{course.run}: mean of {course.videos} video{'s' * (course.videos != 1)}" for course in courses]
    legend = figure.legend(lines, ["run"] * len(lines), loc="outside lower center", ncols=2)
    for text, name in zip(legend.get_texts(), [*names, "every clip unmatched"], strict=True):
        text.set_parse_math(False)  # a run may be called anything
        text.set_text(name)
    if len(courses) <= MOST_BANDS:
        axes.set_title("bands: 95 % of the bootstrap over videos", fontsize=10)
    return figure
