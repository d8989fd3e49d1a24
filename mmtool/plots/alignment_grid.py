"""An alignment as a path through the grid of time and snippets, with its alternatives and the truth."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke

from mmtool.choices import PictureFormat
from mmtool.plots.curves import INK, PALETTE, time_axis, write_figure
from mmtool.records import Alignment, Interval

LIKELY, TRUE = mpl.colormaps["Blues"], PALETTE[1]
MOST_TEXTS = 60  # snippets that are labelled by their text; if there are more, some are labelled by number
LETTERS = 34  # of a snippet's label
LETTERS_OF_TITLE = 100
SLIVER = 1 / 300  # of the video: unannotated time narrower than its outline is not outlined
BAR = 0.16  # of a row's height
GAP = 0.6  # rows between the last snippet and the clips without one


def write_alignment_grid(
    path: Path,
    alignment: Alignment,
    truth: Sequence[Interval | None] | None,
    *,
    title: str,
    measured: str,
    picture_format: PictureFormat,
) -> None:
    """Draw one video's alignment; ``truth`` has each snippet's interval, or is None without annotations.

    ``measured`` gives the measures of the alignment in words.
    """
    draw = partial(draw_alignment_grid, alignment, truth, title=title, measured=measured)
    write_figure(path, draw, picture_format)


def draw_alignment_grid(
    alignment: Alignment, truth: Sequence[Interval | None] | None, *, title: str, measured: str = ""
) -> Figure:
    """Draw time from left to right, snippets from top to bottom, and unmatched clips below them."""
    rows = _unmatched_row(alignment) + 1
    height = min(max(0.24 * rows, 1.6), 14.0)
    figure = Figure(figsize=(13.0, 1.9 + height))
    axes = figure.subplots()
    figure.suptitle(_short(title, LETTERS_OF_TITLE), x=0.01, ha="left", weight="bold", parse_math=False)
    axes.set_title(measured)
    _draw_likely(axes, alignment)
    if truth is not None:
        _draw_truth(axes, alignment, truth)
    _draw_path(axes, alignment, min(max(BAR * 72 * height / rows, 1.2), 2.6))
    _name_axes(axes, alignment)
    _add_legend(figure, axes, alignment, truth is not None)
    return figure


def _unmatched_row(alignment: Alignment) -> float:
    snippets = len(alignment.snippets)
    return snippets + max(GAP, snippets / 60)


def _likely(alignment: Alignment) -> Iterator[tuple[int, float, float]]:
    """Clip, row and probability of all candidates, or, without candidates, of the clips' labels."""
    unmatched = _unmatched_row(alignment)
    matched = {clip for clip, _ in alignment.matches}
    for clip, confidence in enumerate(alignment.clip_confidence):
        if clip not in matched:
            yield clip, unmatched, confidence
    if not alignment.candidates:
        yield from ((clip, row, alignment.clip_confidence[clip]) for clip, row in alignment.matches)
        return
    for clip, likely in enumerate(alignment.candidates):
        yield from ((clip, row, probability) for row, probability in likely)
        if clip in matched:
            yield clip, unmatched, max(0.0, 1 - sum(probability for _, probability in likely))


def _draw_likely(axes: Axes, alignment: Alignment) -> None:
    cells = list(_likely(alignment))
    patches = [_cell(alignment.clips[clip].interval, row, 1.0) for clip, row, _ in cells]
    colours = LIKELY([probability for *_, probability in cells])
    axes.add_collection(PatchCollection(patches, facecolors=colours, edgecolors=colours, linewidths=0.2))


def _draw_truth(axes: Axes, alignment: Alignment, truth: Sequence[Interval | None]) -> None:
    patches = [_cell(interval, row, 0.9) for row, interval in enumerate(truth) if interval is not None]
    row = _unmatched_row(alignment)
    patches += [_cell(interval, row, 0.9) for interval in _unannotated_time(alignment, truth)]
    outlines = PatchCollection(patches, facecolors="none", edgecolors=TRUE, linewidths=1.4, zorder=3)
    axes.add_collection(outlines)


def _unannotated_time(alignment: Alignment, truth: Sequence[Interval | None]) -> list[Interval]:
    """The time of the video that no annotation covers, except for slivers."""
    first, last = alignment.clips[0].start, max(clip.end for clip in alignment.clips)
    unannotated, reached = [], first
    for interval in sorted(interval for interval in truth if interval is not None):
        if interval.start > reached:
            unannotated.append(Interval(reached, min(interval.start, last)))
        reached = max(reached, interval.end)
    unannotated.append(Interval(reached, max(reached, last)))
    shortest = SLIVER * (last - first)
    return [interval for interval in unannotated if interval.end - interval.start > shortest]


def _draw_path(axes: Axes, alignment: Alignment, width: float) -> None:
    """Draw a bar for each interval of a snippet, joined in time order, and for unmatched clips.

    Their ``width``, in points, leaves the colours around them visible.
    """
    snippets = range(len(alignment.snippets))
    bars = sorted((*interval, float(row)) for row in snippets for interval in alignment.intervals(row))
    for (_, end, row), (start, _, following) in pairwise(bars):
        axes.plot([end, start], [row, following], color=INK, linewidth=width / 3, zorder=4)
    bars += [(*interval, _unmatched_row(alignment)) for interval in _unmatched_time(alignment)]
    halo = withStroke(linewidth=1.75 * width, foreground="white")
    starts, ends, rows = zip(*bars, strict=True)
    axes.hlines(rows, starts, ends, color=INK, linewidth=width, zorder=5, path_effects=[halo])


def _unmatched_time(alignment: Alignment) -> list[Interval]:
    """The time of the unmatched clips; clips that touch are one interval."""
    matched = {clip for clip, _ in alignment.matches}
    unmatched = tuple((clip, 0) for clip in range(len(alignment.clips)) if clip not in matched)
    return replace(alignment, matches=unmatched).intervals(0)


def _name_axes(axes: Axes, alignment: Alignment) -> None:
    last = max(clip.end for clip in alignment.clips)
    axes.set_xlim(min(0.0, alignment.clips[0].start), last)
    time_axis(axes)
    row, snippets = _unmatched_row(alignment), alignment.snippets
    axes.set_ylim(row + 0.5, -0.5)
    if len(snippets) <= MOST_TEXTS:
        named = range(len(snippets))
        names = [f"{_short(snippet.text)}  {j + 1}" for j, snippet in enumerate(snippets)]
    else:
        step = 10 if len(snippets) <= 300 else 50
        named = range(step - 1, len(snippets), step)
        names = [f"snippet {j + 1}" for j in named]
    axes.set_yticks([*named, row], [*names, "no snippet"], fontsize=8.5)
    for label in axes.get_yticklabels():
        label.set_parse_math(False)  # a text may contain anything
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", linewidth=0.5)


def _add_legend(figure: Figure, axes: Axes, alignment: Alignment, annotated: bool) -> None:
    entries: list[Patch | Line2D] = [Line2D([], [], color=INK, linewidth=2.6, label="alignment")]
    if annotated:
        entries.append(Patch(facecolor="none", edgecolor=TRUE, linewidth=1.4, label="truth"))
    figure.legend(handles=entries, loc="outside lower left", ncols=2)
    quantity = "probability" if alignment.candidates else "confidence"
    scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(0, 100), LIKELY)
    bar = figure.colorbar(scale, ax=axes, pad=0.01, fraction=0.02, aspect=30)
    bar.set_label(f"{quantity}, %")
    bar.outline.set_visible(False)


def _cell(time: Interval, row: float, height: float) -> Rectangle:
    return Rectangle((time.start, row - height / 2), time.end - time.start, height)


def _short(text: str, letters: int = LETTERS) -> str:
    text = " ".join(text.split())
    return text if len(text) <= letters else f"{text[: letters - 1].rstrip()}…"
