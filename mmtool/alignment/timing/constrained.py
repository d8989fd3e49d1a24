"""Pins and cue times on the lattice: what they say about the start and the end of each snippet.

A pin allows a snippet's start or end only at one time of the grid, or on one side of it. The grid is coarser
than pins are, so that their times are rounded in a way that keeps their order and leaves a step for every
snippet. A cue says that a start or an end is probably near; it may be wrong altogether. Where people or cues
say when snippets are told, any of the hypotheses may pause for as long as they demand.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.timing.lattice import Lattice
from mmtool.arrays import Floats
from mmtool.constraints import Constraints

Indices = NDArray[np.int64]

_LEAST = 1e-9  # probability of all durations together that a snippet otherwise does not last
_PAUSE, _PAUSE_SHARE, _PAUSE_POWER = 0.05, 0.2, 1.5  # of gaps, of those that are long; density ~ t^-power
_CUE_SCALE = 0.4  # seconds; Laplace scale of the error of a cue's time
_CUE_HOLDS = 8.0  # times the scale by which pictures stay after the end of a cue
_CUE_WRONG = 0.05  # probability that a cue says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class GridEvidence:
    """What is known of M snippets before timing, in the unit of a grid.

    Attributes:
        constraints: Where each snippet may start and end.
        cues: The start and the end (M, 2) that the text itself gives each snippet; NaN where it does not.
        cue_scale: The scale of the error of a cue.
    """

    constraints: Constraints
    cues: Floats
    cue_scale: float = _CUE_SCALE

    @classmethod
    def of(cls, constraints: Constraints, cues: Floats | None, unit: float) -> "GridEvidence":
        """Convert constraints and cues (M, 2) from seconds; without cues, nothing is said by them."""
        scaled = replace(constraints, start=constraints.start / unit, end=constraints.end / unit)
        none = np.full(constraints.start.shape, np.nan)
        return cls(
            constraints=scaled, cues=none if cues is None else cues / unit, cue_scale=_CUE_SCALE / unit
        )


def constrained(
    lattice: Lattice, evidence: GridEvidence, grid: Floats, scored: Lattice | None = None
) -> Lattice:
    """A lattice over ``grid`` (X,) whose placements keep the constraints and follow the cues.

    ``scored`` is another lattice over the same grid with the same evidence, whose scores are shared.
    """
    constraints, step = evidence.constraints, float(grid[1] - grid[0])
    windows = grid_windows(constraints, grid)  # (M, 2, 2): start and end, first and last index
    starts, ends = (scored.starts, scored.ends) if scored else _scores(windows, evidence, grid)
    longest = _longest_pause(windows, evidence, grid)
    exact = np.isfinite(constraints.start[:, 0]) & (constraints.start[:, 0] == constraints.start[:, 1])
    until = np.isfinite(constraints.end[:, 0]) & (constraints.end[:, 0] == constraints.end[:, 1])
    return replace(
        lattice,
        durations=[
            _reaching(kernel, max(0, int(own[1, 0] - own[0, 1])), len(grid))
            for kernel, own in zip(lattice.durations, windows, strict=True)
        ],
        gap=_with_pauses(lattice.gap, int(np.ceil(longest / step)) + 1, len(grid)),
        gap_probability=np.maximum(lattice.gap_probability, _PAUSE),
        head=np.zeros(len(grid)) if exact[0] else lattice.head,
        tail=np.zeros(len(grid)) if until[-1] else lattice.tail,
        starts=starts,
        ends=ends,
        kept=constraints.pinned,
    )


def grid_windows(constraints: Constraints, grid: Floats) -> Indices:
    """The first and the last grid index (M, 2, 2) of the start and of the end of each snippet.

    Some placement in reading order, in which every snippet lasts a step, stays within all of them.
    """
    bounds = np.stack([constraints.start, constraints.end], axis=1)  # (M, 2, 2)
    step = float(grid[1] - grid[0])
    last = len(grid) - 1
    wanted = np.clip(np.round((np.clip(bounds, grid[0], grid[-1]) - grid[0]) / step), 0, last)
    low, high = wanted[..., 0].astype(np.int64).ravel(), wanted[..., 1].astype(np.int64).ravel()  # (2M,)
    needed = np.tile([0, 1], len(bounds))  # steps from the event before: a start may touch, an end may not
    offset = np.cumsum(needed)
    earliest = np.maximum.accumulate(low - offset) + offset
    high = np.maximum(high, earliest)
    high = np.minimum(high, last - (offset[-1] - offset))
    latest = np.minimum.accumulate((high - offset)[::-1])[::-1] + offset
    earliest = np.minimum(earliest, latest)
    return np.stack([earliest, latest], axis=1).reshape(len(bounds), 2, 2)


def _scores(windows: Indices, evidence: GridEvidence, grid: Floats) -> tuple[Floats, Floats]:
    """The scores (M, X) of starts and of ends: what cues say, and −∞ where constraints exclude a time."""
    scores = _cue_scores(evidence, grid)
    for row, (first, last) in zip(scores.reshape(-1, len(grid)), windows.reshape(-1, 2), strict=True):
        row[:first] = row[last + 1 :] = -np.inf
    return scores[:, 0], scores[:, 1]


def _cue_scores(evidence: GridEvidence, grid: Floats) -> Floats:
    """How much likelier (M, 2, X) each time is for a cue than for none, as a log; 0 without a cue."""
    length = float(grid[-1] - grid[0])
    scores = np.zeros((len(evidence.cues), 2, len(grid)))
    for snippet, edge in np.argwhere(~np.isnan(evidence.cues)).tolist():
        late = grid - evidence.cues[snippet, edge]
        lasting = evidence.cue_scale * (1.0, _CUE_HOLDS)[edge]
        near = np.exp(-np.where(late < 0, -late / evidence.cue_scale, late / lasting))
        near /= evidence.cue_scale + lasting
        scores[snippet, edge] = np.log((1 - _CUE_WRONG) * near * length + _CUE_WRONG)
    return scores


def _longest_pause(windows: Indices, evidence: GridEvidence, grid: Floats) -> float:
    """The longest time between two neighbours of which something is known, and some seconds."""
    exact = windows[..., 0] == windows[..., 1]  # (M, 2)
    known = np.where(exact, grid[windows[..., 0]], evidence.cues).ravel()
    known = known[~np.isnan(known)]
    gaps = np.diff(known)
    return float(gaps.max(initial=0.0)) + 10 * evidence.cue_scale + float(grid[1] - grid[0])


def _reaching(kernel: Floats, steps: int, times: int) -> Floats:
    """A kernel (R, D) that allows ``steps`` steps and more, however unlikely."""
    reach = min(steps + 3, times)
    if reach <= kernel.shape[1]:
        return kernel
    extended = np.zeros((len(kernel), reach))
    extended[:, : kernel.shape[1]] = kernel
    extended[:, kernel.shape[1] :] = _LEAST / (reach - kernel.shape[1])
    return extended


def _with_pauses(gap: Floats, steps: int, times: int) -> Floats:
    """The density (G,) of gaps, a share of which are long."""
    reach = max(2, min(max(steps, len(gap)), times))
    own = np.zeros(reach)
    own[: min(len(gap), reach)] = gap[:reach]
    pauses = np.concatenate([[0.0], np.arange(1, reach) ** -_PAUSE_POWER])
    whole: Floats = (1 - _PAUSE_SHARE) * own + _PAUSE_SHARE * pauses / pauses.sum()
    return whole
