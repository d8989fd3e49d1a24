"""Evidence of when snippets are told, apart from their lengths and the cuts, on the grid of a lattice.

Evidence of any kind, such as matched words, is a list of sightings. A sighting says that a snippet starts or
ends near a time: a density with an error of its own before and after that time, and the probability that
the sighting is right. If it is wrong, it says nothing: the snippet may start anywhere. What is scored is how
much likelier a time is than without the sighting, so that evidence can be added to any lattice, and lattices
can be compared by what they make of the same evidence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from mmtool.alignment.timing.lattice import Lattice
from mmtool.arrays import Floats

_FREEDOM = 3.0  # of Student's t
_UNTIL_CUT = 8.0  # seconds for which a snippet's pictures may go on after it is told
_LEAST = 1e-30  # of a probability
_AT_CUT = 0.5  # seconds


class Edge(StrEnum):
    """Which edge of a snippet was seen."""

    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A snippet starts or ends near ``time``, in seconds.

    Attributes:
        snippet: The number of the snippet.
        edge: Which edge of it was seen.
        time: Where the edge is likeliest.
        early: By how many seconds, typically, it lies before that time.
        late: By how many seconds, typically, it lies after that time.
        reliability: The probability that the sighting is right. 1 makes it a constraint; with no error
            either way, the edge lies at the nearest time of the grid.
        weight: Multiplies the score; less than 1 for one of several sightings that share their errors.
    """

    snippet: int
    edge: Edge
    time: float
    early: float
    late: float
    reliability: float = 1.0
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Telling:
    """A snippet goes on at ``time``, in seconds, with log-odds of ``nats``."""

    snippet: int
    time: float
    nats: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Between a snippet and the next one, nothing of the text is told for ``seconds``.

    With the probability ``shows_other``, the film then shows something that no snippet describes, perhaps
    only after a cut some seconds later; otherwise the earlier snippet goes on.
    """

    snippet: int
    seconds: float
    shows_other: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """All that is known about the snippets of a film.

    ``unspoken`` has the probabilities that snippets are not told in the film at all. ``log_prior`` is the
    logarithm of the probability of this evidence among others that exclude it, such as those for other lags
    of the same words. ``cuts`` has the nats by which snippets begin and end likelier at some of the film's
    cuts, by their seconds and in order; hypotheses that ignore cuts ignore these as well.
    """

    sightings: Sequence[Sighting] = ()
    tellings: Sequence[Telling] = ()
    pauses: Sequence[Pause] = ()
    unspoken: Mapping[int, float] = field(default_factory=dict)
    log_prior: float = 0.0
    cuts: Mapping[float, float] = field(default_factory=dict)

    def of_snippets(self, chosen: Sequence[int]) -> "Observations":
        """The evidence on some of the snippets, which are numbered again."""
        number = {snippet: place for place, snippet in enumerate(chosen)}
        following = {snippet for snippet in number if number.get(snippet + 1) == number[snippet] + 1}
        return replace(
            self,
            sightings=[replace(s, snippet=number[s.snippet]) for s in self.sightings if s.snippet in number],
            tellings=[replace(t, snippet=number[t.snippet]) for t in self.tellings if t.snippet in number],
            pauses=[replace(p, snippet=number[p.snippet]) for p in self.pauses if p.snippet in following],
            unspoken={number[j]: p for j, p in self.unspoken.items() if j in number},
        )

    def joined(self, other: "Observations") -> "Observations":
        """Both evidences together, as if they were independent; the other one says which are unspoken."""
        return Observations(
            sightings=[*self.sightings, *other.sightings],
            tellings=[*self.tellings, *other.tellings],
            pauses=[*self.pauses, *other.pauses],
            unspoken={**self.unspoken, **other.unspoken},
            log_prior=self.log_prior + other.log_prior,
            cuts={**self.cuts, **other.cuts},
        )

    def on(self, lattice: Lattice, grid: Floats, scored: Lattice | None = None) -> Lattice:
        """The lattice of M snippets with this evidence; ``grid`` (X,) has its times in seconds.

        ``scored`` is another lattice over the same grid with this evidence, whose scores are shared.
        """
        scores = self._scores(lattice, grid) if scored is None else (scored.starts, scored.ends, scored.gain)
        dropped = np.full(len(lattice.durations), lattice.drop_probability, dtype=np.float64)
        for snippet, probability in self.unspoken.items():
            dropped[snippet] = probability
        boundary = lattice.boundary
        if self.cuts and np.ptp(boundary) > 0:
            boundary = boundary + self._cut_scores(grid)
        return replace(
            _with_pauses(lattice, self.pauses, grid),
            boundary=boundary,
            drop_probability=dropped,
            starts=scores[0],
            ends=scores[1],
            gain=scores[2],
        )

    def _cut_scores(self, grid: Floats) -> Floats:
        """What is known of the nearest cut (X,), up to half a second away."""
        times, nats = np.array(list(self.cuts)), np.array(list(self.cuts.values()))
        middles = (times[1:] + times[:-1]) / 2
        nearest = np.searchsorted(middles, grid)
        scores: Floats = np.where(np.abs(grid - times[nearest]) <= _AT_CUT, nats[nearest], 0.0)
        return scores

    def _scores(self, lattice: Lattice, grid: Floats) -> tuple[Floats, Floats, Floats]:
        """The scores (M, X) of starts, of ends and of what lies between, those of the lattice included."""
        shape = len(lattice.durations), len(grid)
        starts = np.zeros(shape) if lattice.starts is None else lattice.starts.copy()
        ends = np.zeros(shape) if lattice.ends is None else lattice.ends.copy()
        for sighting in self.sightings:
            scores = starts if sighting.edge is Edge.START else ends
            scores[sighting.snippet] += edge_score(sighting, grid)
        gain = np.zeros(shape) if lattice.gain is None else lattice.gain.copy()
        for telling in self.tellings:
            gain[telling.snippet, np.searchsorted(grid, telling.time, side="right") :] += telling.nats
        return starts, ends, gain


def edge_score(sighting: Sighting, grid: Floats) -> Floats:
    """The log (X,) of how much likelier each time is for the edge than it would be without the sighting.

    Student's t with a scale for each side. A certain sighting without an error scores 0 at one time and −∞
    at all others.
    """
    if sighting.reliability == 1.0 and not (sighting.early or sighting.late):
        return np.where(np.arange(len(grid)) == np.abs(grid - sighting.time).argmin(), 0.0, -np.inf)
    least = float(grid[1] - grid[0]) / 2
    scale = np.maximum(np.where(grid < sighting.time, sighting.early, sighting.late), least)
    density = (1 + ((grid - sighting.time) / scale) ** 2 / _FREEDOM) ** (-(_FREEDOM + 1) / 2)
    relative = density / max(float(density.mean()), _LEAST)
    scores: Floats = np.log(np.maximum(1 + sighting.reliability * (relative - 1), _LEAST))
    return sighting.weight * scores


def _with_pauses(lattice: Lattice, pauses: Sequence[Pause], grid: Floats) -> Lattice:
    """The lattice whose snippets may go on through the pauses after them, and gaps be as long as pauses."""
    if not pauses:
        return lattice
    step = float(grid[1] - grid[0])
    durations, some = list(lattice.durations), lattice.gap_probability.copy()
    for pause in pauses:
        some[pause.snippet] = pause.shows_other
        steps = round(pause.seconds / step)
        if steps:
            kernel, length = durations[pause.snippet], durations[pause.snippet].shape[1] + steps
            soon = _prolonged(kernel, min(steps, max(1, round(_UNTIL_CUT / step))))
            interrupted = 0.5 * _padded(kernel, length) + 0.5 * _padded(soon, length)
            goes_on = _prolonged(kernel, steps)
            durations[pause.snippet] = (pause.shows_other * interrupted + (1 - pause.shows_other) * goes_on)[
                :, : len(grid)
            ]
    return replace(lattice, durations=durations, gap_probability=some, gap=_gaps(lattice, pauses, grid, step))


def _prolonged(kernel: Floats, steps: int) -> Floats:
    """A kernel (R, D) with up to ``steps`` steps more, all numbers of them equally likely: (R, D + steps)."""
    padded = np.pad(kernel, ((0, 0), (steps + 1, steps)))
    cumulated = np.cumsum(padded, axis=1)
    prolonged: Floats = (cumulated[:, steps + 1 :] - cumulated[:, : -steps - 1]) / (steps + 1)
    return prolonged


def _padded(kernel: Floats, length: int) -> Floats:
    return np.pad(kernel, ((0, 0), (0, length - kernel.shape[1])))


def _gaps(lattice: Lattice, pauses: Sequence[Pause], grid: Floats, step: float) -> Floats:
    """The lattice's gaps, or the pauses of this film or a part of one, equally likely."""
    longest = max(pause.seconds for pause in pauses) + 5.0
    times = np.arange(min(int(longest / step) + 2, len(grid))) * step
    weights = np.array([pause.shows_other for pause in pauses]) + 1e-9
    seen = np.array([pause.seconds for pause in pauses])
    whole = (1 + (times - seen[:, None]) ** 2 / _FREEDOM) ** -2.0  # exact to about a second
    part = (times <= seen[:, None]) / (seen[:, None] / step + 1)
    density = weights @ (whole / whole.sum(axis=1, keepdims=True) + part)
    density[0] = 0.0
    length = max(len(times), len(lattice.gap))
    both = np.zeros(length)
    both[: len(lattice.gap)] += 0.5 * lattice.gap
    both[: len(times)] += 0.5 * density / max(float(density.sum()), _LEAST)
    gaps: Floats = both / both.sum()
    return gaps
