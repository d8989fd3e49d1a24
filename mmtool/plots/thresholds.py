"""A film's score curve, and the cuts that different thresholds give."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mmtool.formats.atomic import replacing
from mmtool.plots.curves import INK, PALETTE, STYLE, time_axis

MOST_POINTS = (
    4000  # of the curve; a longer one is drawn as the lowest and highest score of each group of frames
)


def write_thresholds(
    path: Path,
    *,
    title: str,
    score_name: str,
    times: NDArray[np.float64],
    curve: NDArray[np.float64],
    cuts: Mapping[float, Sequence[float]],
    used: float,
) -> None:
    """Draw the curve (F) over times (F, seconds), and below it a row of ticks for each threshold.

    ``cuts`` holds the times of the cuts by threshold, ``used`` is the threshold of the clips.
    """
    with mpl.rc_context(STYLE), warnings.catch_warnings(), replacing(path) as part:
        warnings.filterwarnings("ignore", message="Glyph")  # that the font lacks; it is drawn as a box
        figure = Figure(figsize=(13, 4.2 + 0.34 * len(cuts)))
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[4.2, 0.34 * len(cuts) + 0.5])
        above.plot(*_thinned(times, curve), color=INK, linewidth=0.8)
        above.set_ylim(0, max(float(curve.max()), *cuts) * 1.06)
        thresholds = sorted(cuts)
        for row, threshold in enumerate(thresholds):
            chosen = threshold == used
            colour = PALETTE[1] if chosen else PALETTE[0]
            above.axhline(threshold, color=colour, linewidth=1.6 if chosen else 0.9, alpha=0.9, zorder=3)
            below.vlines(cuts[threshold], row - 0.38, row + 0.38, color=colour, linewidth=1.2)
        above.set_xlim(times[0], max(times[-1], times[0] + 0.04))
        above.set_title(
            f"{score_name[:1].upper()}{score_name[1:]} of each frame; horizontal lines: thresholds"
        )
        below.set_title("Cuts by threshold")
        below.set_ylim(-0.6, len(thresholds) - 0.4)
        below.set_yticks(range(len(thresholds)), [_label(t, len(cuts[t]), t == used) for t in thresholds])
        below.grid(axis="y", visible=False)
        time_axis(below)
        figure.suptitle(title, x=0.01, ha="left", weight="bold", parse_math=False)
        figure.savefig(part, format="png")


def _thinned(
    times: NDArray[np.float64], curve: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Keep the lowest and highest value of each group of frames, so that no peak is lost."""
    size = -(-len(curve) // (MOST_POINTS // 2))
    if size <= 2:
        return times, curve
    whole = len(curve) // size * size
    groups = curve[:whole].reshape(-1, size)  # (groups, size)
    extremes = np.stack([groups.min(axis=1), groups.max(axis=1)], axis=1).ravel()
    return np.concatenate([np.repeat(times[:whole:size], 2), times[whole:]]), np.concatenate(
        [extremes, curve[whole:]]
    )


def _label(threshold: float, count: int, used: bool) -> str:
    return f"{'▸ ' if used else ''}{threshold:g}: {count:,} cut{'' if count == 1 else 's'}"
