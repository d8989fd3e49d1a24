"""A film's score curve, and the cuts that several thresholds would give."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mmtool.formats.atomic import replacing
from mmtool.plots.curves import INK, PALETTE, STYLE, time_axis

MOST_POINTS = 4000  # of the curve; above that the highest and the lowest of each run of frames are drawn


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

    ``cuts`` holds the times of the cuts by threshold, ``used`` is the threshold that made the clips.
    """
    with mpl.rc_context(STYLE), warnings.catch_warnings(), replacing(path) as part:
        warnings.filterwarnings("ignore", message="Glyph")  # of a film's name; it is drawn as a box
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
        above.set_title(f"Each frame’s {score_name}; lines are thresholds")
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
    """Keep each run's lowest and highest value, so that no peak is lost."""
    run = -(-len(curve) // (MOST_POINTS // 2))
    if run <= 2:
        return times, curve
    whole = len(curve) // run * run
    runs = curve[:whole].reshape(-1, run)
    both = np.stack([runs.min(axis=1), runs.max(axis=1)], axis=1).ravel()
    return np.concatenate([np.repeat(times[:whole:run], 2), times[whole:]]), np.concatenate(
        [both, curve[whole:]]
    )


def _label(threshold: float, count: int, used: bool) -> str:
    return f"{'▸ ' if used else ''}{threshold:g}: {count:,} cut{'' if count == 1 else 's'}"
