"""The paper's plots of training (Figs. 3, 4 and 5), of one run or of several in one figure."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from mmtool.choices import PictureFormat, Plot
from mmtool.formats.atomic import replacing
from mmtool.plots.history import LAST_EPOCHS, Array, RunHistory, ratio_row

# Okabe & Ito's colours, which colour-blind people tell apart; without yellow, too light for lines
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
INK = "#333333"
STYLE: dict[Any, Any] = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.labelcolor": INK,
    "axes.edgecolor": "#999999",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E5E5E5",
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 150,
    "svg.fonttype": "none",
    "svg.hashsalt": "mmtool",  # the same picture gives the same file
}
MOST_LABELS = 5  # at the ends of the lines of one panel; more would be illegible
WIDTH = 12.0  # of every picture, in inches
TITLES = {
    "video_stack": "Video Stack",
    "text_stack": "Text Stack",
    "action_and_matched_stacks": "Action + Matched Stacks",
    "classifier": "Classifier (two FC layers)",
}

End = tuple[float, float, str, str]  # of a line: x, y, label, colour


def write_plot(
    path: Path, kind: Plot, histories: Sequence[RunHistory], picture_format: PictureFormat
) -> None:
    """Draw one kind of picture of one or more runs."""
    write_figure(path, lambda: DRAW[kind](histories), picture_format)


def write_figure(path: Path, draw: Callable[[], Figure], picture_format: PictureFormat) -> None:
    """Draw in the common style, and write the same bytes for the same picture."""
    with mpl.rc_context(STYLE), warnings.catch_warnings(), replacing(path) as part:
        warnings.filterwarnings("ignore", message="Glyph")  # that the font lacks; it is drawn as a box
        figure = draw()
        date = {"Date": None} if picture_format is PictureFormat.SVG else None
        figure.savefig(part, format=str(picture_format), metadata=date)


def draw_training(histories: Sequence[RunHistory]) -> Figure:
    """Fig. 3: loss, video accuracy and text IoU; validation solid, training dashed."""
    figure = Figure(figsize=(WIDTH, 4))
    loss, *measures = figure.subplots(1, 3)
    title_panel(loss, "Training loss")
    ends: dict[Axes, list[End]] = {axes: [] for axes in measures}
    drawn: dict[str, bool] = {}  # kinds of videos → whether dashed
    for history, colour in zip(histories, colours(len(histories)), strict=True):
        draw_line(loss, history.epochs, history.curves["loss"], colour)
        for axes, name in zip(measures, ("video_accuracy", "text_iou"), strict=True):
            for videos, prefix, dashed in (("validation", "", False), ("training", "train_", True)):
                end = draw_line(
                    axes,
                    history.epochs,
                    100 * history.curves[prefix + name],
                    colour,
                    style="--" if dashed else "-",
                )
                if end:
                    ends[axes].append((*end, videos, colour))
                    drawn[f"{videos} videos"] = dashed
    for axes, title in zip(measures, ("Video accuracy, %", "Text IoU, %"), strict=True):
        title_panel(axes, title)
    for axes in figure.axes:
        axes.set_ylim(bottom=0)
    if len(histories) == 1:
        _finish(figure, histories, "Loss and measures by epoch")
        _label_ends(figure, ends)
    else:
        _finish(figure, histories, "Loss and measures by epoch", styles=drawn)
    return figure


def draw_ratios(histories: Sequence[RunHistory]) -> Figure:
    """Fig. 4: ``‖w‖ / ‖∇w‖`` of each component on one logarithmic scale, beside Table 3's means."""
    figure = Figure(figsize=(WIDTH, 4))
    components = list(dict.fromkeys(name for history in histories for name in history.ratios))
    panels = figure.subplots(1, len(components), sharey=True, squeeze=False)[0]
    ends: dict[Axes, list[End]] = {axes: [] for axes in panels}
    for axes, component in zip(panels, components, strict=True):
        title_panel(axes, TITLES.get(component, component))
        axes.set_yscale("log")
        for history, colour in zip(histories, colours(len(histories)), strict=True):
            if component in history.ratios:
                end = draw_line(axes, history.epochs, history.ratios[component], colour)
                mean = ratio_row(history).ratios[component]
                if end and mean is not None:
                    ends[axes].append(
                        (end[0], mean, f"{mean:,.0f}" if mean >= 100 else f"{mean:.3g}", colour)
                    )
    panels[0].set_ylabel("‖w‖ / ‖∇w‖\n(higher: closer to a minimum)")
    averaged = min(LAST_EPOCHS, max(len(history.epochs) for history in histories))
    span = "the last epoch" if averaged == 1 else f"the last {averaged} epochs"
    title = f"Norm of parameters over norm of gradients (numbers: mean of {span})"
    _finish(figure, histories, title)
    _label_ends(figure, ends)
    return figure


def draw_drift(histories: Sequence[RunHistory]) -> Figure:
    """Fig. 5: mean and variance of the stacks' first outputs; each dimension of one run, or bands."""
    figure = Figure(figsize=(WIDTH, 7))
    stacks = list(dict.fromkeys(name for history in histories for name in history.means))
    panels = figure.subplots(2, len(stacks), sharex=True, sharey="row", squeeze=False)
    for row, moment in zip(panels, ("means", "variances"), strict=True):
        for axes, stack in zip(row, stacks, strict=True):
            title_panel(axes, f"{TITLES.get(stack, stack)}: {moment}")
            for history, colour in zip(histories, colours(len(histories)), strict=True):
                values = (history.means if moment == "means" else history.variances).get(stack)
                if values is not None:
                    _spread(axes, history.epochs, values, colour, runs=len(histories))
    shown = "one line per dimension" if len(histories) == 1 else "median and 10th–90th percentile"
    _finish(figure, histories, f"First 50 dimensions of the stacks’ outputs: {shown}")
    return figure


DRAW: dict[Plot, Callable[[Sequence[RunHistory]], Figure]] = {
    Plot.TRAINING: draw_training,
    Plot.RATIOS: draw_ratios,
    Plot.DRIFT: draw_drift,
}


def colours(count: int) -> list[str]:
    """A colour for each of ``count`` runs, the same in every picture."""
    if count <= len(PALETTE):
        return list(PALETTE[:count])
    return [mpl.colors.to_hex(colour) for colour in mpl.colormaps["viridis"](np.linspace(0, 0.9, count))]


def time_axis(axes: Axes) -> None:
    """Label the x axis, which is in seconds, as time."""
    axes.set_xlabel("time, h:mm:ss")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 1.5, 2, 3, 6, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: _clock(seconds)))


def _clock(seconds: float) -> str:
    tenths = round(seconds * 10)
    short = f"{tenths // 36000}:{tenths // 600 % 60:02}:{tenths // 10 % 60:02}"
    return f"{short}.{tenths % 10}" if tenths % 10 else short


def title_panel(axes: Axes, title: str) -> None:
    """Title a panel whose x axis counts epochs."""
    axes.set_title(title)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))


def draw_line(
    axes: Axes, epochs: Array, values: Array, colour: str, *, style: str = "-"
) -> tuple[float, float] | None:
    """Draw a line across epochs without a value, or a dot for a single value; return the end of the line."""
    known = np.isfinite(values)
    if not known.any():
        return None
    axes.plot(
        epochs[known],
        values[known],
        color=colour,
        linestyle=style,
        marker="o" if known.sum() == 1 else "",
    )
    return float(epochs[known][-1]), float(values[known][-1])


def _spread(axes: Axes, epochs: Array, values: Array, colour: str, *, runs: int) -> None:
    """Draw values (E, D) as thin lines if there is one run, otherwise as their median in a band."""
    known = np.isfinite(values).all(axis=1)
    epochs, values = epochs[known], values[known]
    if runs == 1:
        dot = "." if len(epochs) == 1 else ""
        axes.plot(epochs, values, color=colour, linewidth=0.7, alpha=0.5, marker=dot)
        return
    low, high = np.percentile(values, [10, 90], axis=1)
    axes.fill_between(epochs, low, high, color=colour, alpha=min(0.2, 0.6 / runs), linewidth=0)
    draw_line(axes, epochs, np.median(values, axis=1), colour)


def _finish(
    figure: Figure, histories: Sequence[RunHistory], title: str, *, styles: Mapping[str, bool] | None = None
) -> None:
    """Label the axes, the runs and, if there are several runs, the kinds of line."""
    for axes in figure.axes:
        place = axes.get_subplotspec()
        if place is None or place.is_last_row():
            axes.set_xlabel("epoch")
    one = len(histories) == 1
    name = f"{title} — {histories[0].run}" if one else title
    figure.suptitle(name, x=0.01, ha="left", weight="bold", parse_math=False)
    if one:
        return
    lines = [Line2D([], [], color=colour, linewidth=3) for colour in colours(len(histories))]
    lines += [
        Line2D([], [], color=INK, linestyle="--" if dashed else "-") for dashed in (styles or {}).values()
    ]
    labels = ["run"] * len(histories) + list(styles or {})
    longest = max(map(len, [*(history.run for history in histories), *(styles or {})]))
    entry = (5 + 0.65 * longest) * mpl.rcParams["font.size"] / 72  # inches, roughly
    columns = max(1, min(len(lines), int(WIDTH / entry)))
    figure.set_figheight(figure.get_figheight() + 0.25 * -(-len(lines) // columns))
    legend = figure.legend(lines, labels, loc="outside lower center", ncols=columns)
    for text, history in zip(legend.get_texts(), histories, strict=False):
        text.set_parse_math(False)  # in labels, $ and a leading _ are special
        text.set_text(history.run)


def _label_ends(figure: Figure, ends: dict[Axes, list[End]]) -> None:
    """Label the ends of lines, pushed apart where the labels would overlap."""
    if max(map(len, ends.values()), default=0) > MOST_LABELS:
        return
    figure.draw_without_rendering()  # fixes the scales
    step = 1.2 * mpl.rcParams["font.size"]
    for axes, labels in ends.items():
        heights = [axes.transData.transform((x, y))[1] * 72 / figure.dpi for x, y, *_ in labels]  # in points
        below = -np.inf
        for k in np.argsort(heights):
            x, y, text, colour = labels[k]
            below = max(heights[k], below + step)
            shift = (6, below - heights[k])
            axes.annotate(text, (x, y), shift, textcoords="offset points", color=colour, va="center")
