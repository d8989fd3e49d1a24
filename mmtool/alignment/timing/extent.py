"""Where the narration starts and ends: similar videos have similar logos and credits.

A video has two sides, the head before the narration and the tail after it. Times on a side are measured from
its edge, the start or the end of the video, so that both sides are treated in the same way. Every cut of a
side is a candidate for the narration's boundary; it is scored by a conditional logit over features that
compare it with exemplars, the sides of training videos.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mmtool.arrays import Floats

FARTHEST = 90.0  # seconds from the edge to the last candidate
NEIGHBOURS = (-3, -2, -1, 0, 1)  # clips around the boundary, away from the edge; -1 is the last before it

_BANDWIDTHS = {"near": (0.15, 1e-2), "about": (1.0, 1e-3), "region": (4.0, 1e-4)}  # seconds, floor
_SAME_CUT = 0.12  # seconds
_TEMPLATE = (-10.0, -0.2, 0.15)  # cuts from 10 to 0.2 s before the boundary; tolerance in seconds
_SHORTEST = 0.05  # seconds; the shortest clip whose log-duration is used
_MISSING = -4.0  # the log-duration of a clip that does not exist, which videos can also have in common
_FIRST = 3  # clips at the edge that are compared
_WORD = re.compile(r"[a-z]+")

HEAD_FEATURES = ("near", "about", "region", *(f"clip{n:+d}" for n in NEIGHBOURS), "edge")
TAIL_FEATURES = ("near", "about", "region", "template", "edge")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemplar:
    """One side of a training video: its length, its cuts near the edge, the clips around the boundary."""

    length: float
    cuts: tuple[float, ...]
    clips: tuple[float | None, ...] = ()  # seconds, in the order of NEIGHBOURS; None for missing ones


@dataclass(frozen=True, slots=True)
class _Lists:
    """Lists of times as one table (lists, longest), padded with nan, and their lengths."""

    times: Floats
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, lists: Sequence[Floats]) -> "_Lists":
        counts = np.array([len(times) for times in lists], dtype=np.int64)
        table = np.full((len(lists), counts.max(initial=0)), np.nan)
        for row, times in zip(table, lists, strict=True):
            row[: len(times)] = times
        return cls(table, counts)


@dataclass(frozen=True, kw_only=True)
class Side:
    """The learned parameters of one side.

    Cuts are compared up to ``reach`` seconds from the edge. ``weights`` are those of the features,
    ``log_duration`` the mean and standard deviation of the log-duration (in seconds) of any clip near this
    side. What is compared with every video is prepared once.
    """

    reach: float
    weights: Mapping[str, float]
    log_duration: tuple[float, float]
    exemplars: tuple[Exemplar, ...] = ()

    @cached_property
    def lengths(self) -> Floats:
        """The length (U,) of each exemplar."""
        return np.array([exemplar.length for exemplar in self.exemplars])

    @cached_property
    def cuts(self) -> _Lists:
        return _Lists.of([np.array(exemplar.cuts) for exemplar in self.exemplars])

    @cached_property
    def edges(self) -> Floats:
        """The durations (U, 3) of the first clips of each exemplar; nan for missing ones."""
        return np.array([_first_durations(np.array(e.cuts)) for e in self.exemplars])

    @cached_property
    def log_clips(self) -> Floats:
        """The log-durations (U, neighbours) of the clips around the boundary of each exemplar."""
        found = np.array([[seconds or np.nan for seconds in e.clips] for e in self.exemplars])
        logs: Floats = np.where(np.isnan(found), _MISSING, np.log(np.maximum(found, _SHORTEST)))
        return logs

    @cached_property
    def template(self) -> _Lists:
        return _Lists.of([_before(np.array((0.0, *e.cuts)), e.length) for e in self.exemplars])


@dataclass(frozen=True, slots=True)
class SideView:
    """One side of the video to align: the times (N + 1,) of its cuts from the edge, the edge itself first."""

    cuts: Floats

    @property
    def candidates(self) -> Floats:
        return self.cuts[: max(1, int(np.searchsorted(self.cuts[:-1], FARTHEST)))]


def side_views(bounds: Floats) -> tuple[SideView, SideView]:
    """The head and the tail of a video with cuts at ``bounds`` (N + 1,), in seconds."""
    return SideView(bounds - bounds[0]), SideView((bounds[-1] - bounds)[::-1])


def exemplar_of(view: SideView, length: float, *, reach: float, clips: bool) -> Exemplar:
    """The exemplar of a side whose narration boundary, ``length`` seconds from the edge, is known."""
    boundary = int(np.abs(view.cuts - length).argmin())
    durations = np.diff(view.cuts)
    around = [boundary + n for n in NEIGHBOURS] if clips else []
    return Exemplar(
        length=round(length, 2),
        cuts=tuple(np.round(_within(view.cuts, reach), 2).tolist()),
        clips=tuple(round(float(durations[i]), 2) if 0 <= i < len(durations) else None for i in around),
    )


def title_words(title: str) -> frozenset[str]:
    """The words of a title, in lower case."""
    return frozenset(_WORD.findall(title.lower()))


def similarities(
    views: tuple[SideView, SideView],
    title: str,
    sides: tuple[Side, Side],
    titles: Sequence[frozenset[str]],
    weights: tuple[float, float, float, float],
) -> tuple[Floats, Floats]:
    """Weights (U,), summing to 1, of the training videos for the head and for the tail.

    The weight of a video is exp of the weighted sum of: the overlap of its title's recurring words with this
    title, the share of cuts in common at this side and at the other side, and the similarity of its first
    three clips at this side.
    """
    known = frozenset().union(*titles)
    words = title_words(title) & known
    overlap = np.array([len(words & other) / max(1, len(words | other)) for other in titles])
    shared = [shared_cuts(view, side) for view, side in zip(views, sides, strict=True)]
    result = []
    for this, (view, side) in enumerate(zip(views, sides, strict=True)):
        score = np.stack(
            [overlap, shared[this], shared[1 - this], _edge_likeness(view, side)], axis=1
        ) @ np.array(weights)
        weight = np.exp(score - score.max())
        result.append(weight / weight.sum())
    return result[0], result[1]


def shared_cuts(view: SideView, side: Side) -> Floats:
    """The share (U,) of cuts in common of a side with the same side of each training video."""
    shares: Floats = _shared_cuts(_Lists.of([_within(view.cuts, side.reach)]), side.cuts)[0]
    return shares


def candidate_features(view: SideView, side: Side, weights: Floats, names: Sequence[str]) -> Floats:
    """Features (candidates, len(names)) of each cut at which the narration may start or end."""
    times, durations = view.candidates, np.diff(view.cuts)
    columns = []
    for name in names:
        if name in _BANDWIDTHS:
            bandwidth, floor = _BANDWIDTHS[name]
            columns.append(np.log(_kernel((times[:, None] - side.lengths) / bandwidth) @ weights + floor))
        elif name == "edge":
            columns.append((np.arange(len(times)) == 0).astype(np.float64))
        elif name == "template":
            columns.append(np.log(_template_match(view, side.template, weights) + 0.02))
        else:
            columns.append(
                _clip_likeness(durations, len(times), side, weights, NEIGHBOURS.index(int(name[4:])))
            )
    return np.stack(columns, axis=1)


def candidate_scores(view: SideView, side: Side, weights: Floats) -> Floats:
    """Log-probability of each candidate; uniform without exemplars."""
    if not side.exemplars:
        return np.full(len(view.candidates), -np.log(len(view.candidates)))
    scores = candidate_features(view, side, weights, tuple(side.weights)) @ np.array(
        list(side.weights.values())
    )
    scores -= scores.max()
    normalised: Floats = scores - np.log(np.exp(scores).sum())
    return normalised


def _clip_likeness(durations: Floats, candidates: int, side: Side, weights: Floats, neighbour: int) -> Floats:
    """Log-ratio (candidates,) of a clip's likelihood: beside a boundary of similar videos, or anywhere."""
    bandwidth, floor = 0.1, 0.02
    theirs = side.log_clips[:, neighbour]
    index = np.arange(candidates) + NEIGHBOURS[neighbour]
    inside = (index >= 0) & (index < len(durations))
    ours = np.full(candidates, _MISSING)
    ours[inside] = np.log(np.maximum(durations[index[inside]], _SHORTEST))
    mean, deviation = side.log_duration
    like = _kernel((ours[:, None] - theirs) / bandwidth) @ weights / bandwidth + floor
    any_clip = _kernel((ours - mean) / deviation) / deviation + floor
    return np.clip(np.log(like / any_clip), -3.0, 3.0)


def _template_match(view: SideView, template: _Lists, weights: Floats) -> Floats:
    """The similarity (0..1) of the cuts before each candidate and those before the exemplars' boundaries."""
    ours = _Lists.of([_before(view.cuts, boundary) for boundary in view.candidates])
    match: Floats = _shared_cuts(ours, template, _TEMPLATE[2]) ** 2 @ weights
    return match


def _before(cuts: Floats, boundary: float) -> Floats:
    """The cuts shortly before a boundary, relative to it."""
    first, last, _ = _TEMPLATE
    relative = cuts - boundary
    chosen: Floats = relative[(relative > first) & (relative < last)]
    return chosen


def _within(cuts: Floats, reach: float) -> Floats:
    inside: Floats = cuts[(cuts > 0) & (cuts < reach)]
    return inside


def _shared_cuts(ours: _Lists, theirs: _Lists, near: float = _SAME_CUT) -> Floats:
    """The shares (A, B) of common cuts, as F1, of each of our A lists and each of their B lists."""
    # nan is near no cut
    same = np.abs(ours.times[:, None, :, None] - theirs.times[None, :, None, :]) < near  # (A, B, cuts, cuts)
    found = same.any(axis=3).sum(axis=2) + same.any(axis=2).sum(axis=2)  # (A, B)
    shares: Floats = found / np.maximum(ours.counts[:, None] + theirs.counts, 1)
    return shares


def _first_durations(cuts: Floats) -> Floats:
    """The durations (3,) of the first clips; nan for missing ones."""
    found = np.diff(cuts[cuts > 0][:_FIRST], prepend=0.0)
    return np.concatenate([found, np.full(_FIRST - len(found), np.nan)])


def _edge_likeness(view: SideView, side: Side) -> Floats:
    """exp of minus the sum of the differences (U,), at most 2 s each, of the first three clips' durations."""
    differences = np.minimum(np.abs(_first_durations(view.cuts) - side.edges), 2.0)
    likeness: Floats = np.exp(-np.nansum(differences, axis=1))
    return likeness


def _kernel(z: Floats) -> Floats:
    density: Floats = np.exp(-0.5 * z * z)
    return density
