"""What a film with a text may be: lattices of the hypotheses that the mixture weighs.

A narration is read aloud over the whole film but for a head and a tail. Its snippets may begin at cuts
(``cuts``) or anywhere (``steady`` and ``loose``, which differ in the reader's evenness), or fill the film
from its first to its last second (``proportional``). A text that nobody reads aloud (``untold``), such as the
steps of a recipe, names scenes: its snippets last about equally long whatever their length, with gaps.
"""

from dataclasses import dataclass

import numpy as np

from mmtool.alignment.timing.durations import gap_durations, log_normal_durations, student_durations
from mmtool.alignment.timing.ends import HEAD, TAIL, UNTOLD_HEAD, UNTOLD_TAIL, end_scores
from mmtool.alignment.timing.lattice import Lattice
from mmtool.alignment.timing.narration import TimedVideo, cut_potential
from mmtool.alignment.timing.pace import Pace
from mmtool.alignment.timing.pace_grid import pace_grid
from mmtool.arrays import Floats

CHANNEL, CUTS, STEADY, LOOSE = "channel", "cuts", "steady", "loose"
PROPORTIONAL, UNTOLD = "proportional", "untold"

FREEDOM = 5.0  # of Student's t
CUT_ATTRACTION, CUT_WIDTH, CUT_NOISE = 40.0, 0.25, 0.3  # noise: deviation of one second of speech
STEADY_NOISE, LOOSE_NOISE, PROPORTIONAL_NOISE = 0.4, 0.8, 0.35

_GAP_PROBABILITY, _GAP_MEDIAN, _GAP_DEVIATION, _LONGEST_GAP = 0.03, 0.9, 1.0, 10.0
UNTOLD_COVER = {0.25: 0.15, 0.35: 0.25, 0.45: 0.25, 0.55: 0.2, 0.65: 0.1, 0.75: 0.05}  # share of the film
_UNTOLD_POWER, _UNTOLD_DEVIATION = 0.66, 0.6  # of the reading time; of the log-duration
_UNTOLD_SNIPPETS = 7.5  # in a film whose ends take the shares of UNTOLD_HEAD and UNTOLD_TAIL
_UNTOLD_FEWEST = 3  # in the films that were looked at; with fewer, the ends are not longer
_UNTOLD_GAP_PROBABILITY, _UNTOLD_GAP_MEDIAN, _UNTOLD_GAP_DEVIATION = 0.85, 0.17, 1.1  # median: of L / M
REACH, _UNTOLD_LONGEST_GAP = 6.0, 2.5  # multiples of the median, and of L / M


@dataclass(frozen=True, slots=True)
class Extent:
    """Where the text starts and ends, in seconds, where the user says so."""

    start: float | None = None
    end: float | None = None


def narrated(video: TimedVideo, pace: Pace, *, noise: float, extent: Extent, cuts: bool) -> Lattice:
    """A narration at any pace, with gaps and attracted by ``cuts``, or without either."""
    room = video.grid[-1] - video.grid[0]
    given = (room if extent.end is None else extent.end - video.grid[0]) - (
        0.0 if extent.start is None else extent.start - video.grid[0]
    )
    paces, scores = pace_grid(float(video.reading.sum()), float(given), noise, pace)
    times = len(video.grid)
    gaps = gap_durations(_GAP_MEDIAN, _GAP_DEVIATION, _LONGEST_GAP, video.step, times)
    return Lattice(
        durations=student_durations(video.reading[:, None] * paces, noise, FREEDOM, video.step, times),
        gap=gaps,
        gap_probability=np.full(len(video.reading) - 1, _GAP_PROBABILITY if cuts else 0.0),
        drop_probability=0.0,
        boundary=attraction(video.bounds, video.grid) if cuts else np.zeros(times),
        head=_side(video, HEAD, extent.start, from_end=False),
        tail=_side(video, TAIL, extent.end, from_end=True),
        rates=scores,
    )


def proportional(video: TimedVideo, extent: Extent) -> Lattice:
    """A narration from the film's first second to its last, or within the given extent."""
    start = video.grid[0] if extent.start is None else extent.start
    end = video.grid[-1] if extent.end is None else extent.end
    pace = np.array([(end - start) / video.reading.sum()])
    times = len(video.grid)
    medians = video.reading[:, None] * pace
    return Lattice(
        durations=student_durations(medians, PROPORTIONAL_NOISE, FREEDOM, video.step, times),
        gap=np.array([0.0, 1.0]),
        gap_probability=np.zeros(len(video.reading) - 1),
        drop_probability=0.0,
        boundary=np.zeros(times),
        head=_only(video.grid, start),
        tail=_only(video.grid, end),
        rates=np.zeros(1),
    )


def untold(video: TimedVideo, extent: Extent) -> Lattice:
    """Snippets with gaps, over a share of the film that is not known; long texts last a little longer."""
    times, count = len(video.grid), len(video.reading)
    room = float(video.grid[-1] - video.grid[0])
    covers = np.array(list(UNTOLD_COVER))
    share = video.reading**_UNTOLD_POWER
    share /= share.mean()
    medians = room / count * share * np.exp(-0.5 * _UNTOLD_DEVIATION**2)  # of a mean of 1
    each = room / count
    return Lattice(
        durations=log_normal_durations(
            medians[:, None] * covers, _UNTOLD_DEVIATION, video.step, times, REACH
        ),
        gap=gap_durations(
            _UNTOLD_GAP_MEDIAN * each, _UNTOLD_GAP_DEVIATION, _UNTOLD_LONGEST_GAP * each, video.step, times
        ),
        gap_probability=np.full(count - 1, _UNTOLD_GAP_PROBABILITY),
        drop_probability=0.0,
        boundary=np.zeros(times),
        head=_untold_side(video, extent.start, from_end=False),
        tail=_untold_side(video, extent.end, from_end=True),
        rates=np.log(np.array(list(UNTOLD_COVER.values()))),
    )


def attraction(bounds: Floats, grid: Floats) -> Floats:
    """The log (X,) of how much likelier each time is as a boundary than it would be without cuts.

    Over the whole film, its mean is 1 before the logarithm is taken.
    """
    potential = np.exp(cut_potential(bounds, grid, CUT_ATTRACTION, CUT_WIDTH))
    relative: Floats = np.log(potential / potential.mean())
    return relative


def _side(video: TimedVideo, mixture: object, given: float | None, *, from_end: bool) -> Floats:
    if given is not None:
        return _only(video.grid, given)
    scores = end_scores(len(video.grid), video.step, mixture)  # type: ignore[arg-type]
    return scores[::-1] if from_end else scores


def _untold_side(video: TimedVideo, given: float | None, *, from_end: bool) -> Floats:
    if given is not None:
        return _only(video.grid, given)
    times = len(video.grid)
    # the more snippets a film has, the less of it lies before and after them
    longer = np.sqrt(_UNTOLD_SNIPPETS / max(len(video.reading), _UNTOLD_FEWEST))
    scores = end_scores(times, 1 / (times * longer), UNTOLD_TAIL if from_end else UNTOLD_HEAD)
    return scores[::-1] if from_end else scores


def _only(grid: Floats, time: float) -> Floats:
    scores = np.full(len(grid), -np.inf)
    scores[int(np.abs(grid - time).argmin())] = 0.0
    return scores
