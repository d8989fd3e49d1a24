"""Alignment by cues that fit the film: each clip shows what is told during most of it.

The error of a cue's start and end is drawn a number of times; a probability is the share of the draws in
which a clip has a label. Unlike on the lattice of timing, nothing limits the number of cues or their density.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.expected_iou import expected_iou
from mmtool.alignment.timing.minimum_risk import UNMATCHED
from mmtool.alignment.timing.timed_alignment import TimedAlignment, confidence_of, likely_snippets
from mmtool.arrays import Floats
from mmtool.constraints import Constraints
from mmtool.records import Interval

DRAWS = 200
ERROR = 0.15  # seconds; standard deviation of the start and of the end of a cue
_LEAST, _LEAST_SHARE = 0.25, 0.05  # of a clip that a cue must cover, in seconds and as a share
_MOST = 2 / 3  # of a clip that a cue must cover which only shows something
_FAR = 1.0  # seconds; a cue is not compared with clips that are farther away


class _Pairs(NamedTuple):
    """Clips and cues that may overlap, in order of the clips."""

    clip: NDArray[np.int64]  # (P,)
    cue: NDArray[np.int64]  # (P,)
    first: NDArray[np.int64]  # the first pair of each clip that has any


def align_by_cues(
    clips: Sequence[Interval],
    cues: Floats,
    constraints: Constraints | None = None,
    *,
    certainty: Floats | None = None,
    silent: NDArray[np.bool_] | None = None,
) -> TimedAlignment:
    """Align N clips with M snippets that have times.

    A clip belongs to the cue that overlaps it most, unless that is less than 0.25 s or a twentieth of the
    clip, and less than half of the cue. A cue that is the longest of no clip shares the clip that it overlaps
    most.

    Args:
        clips: In order of time.
        cues: The start and the end (M, 2) of each snippet, in seconds; NaN for one that has no clip.
        constraints: What pins say, where they agree with the cues: their times have no error.
        certainty: The probability (M,) that each cue is right; 1 by default.
        silent: Which of them (M,) only show something: they own a clip if they last for two thirds of it,
            and share none. By default, none do.
    """
    times = np.array(clips, dtype=np.float64)
    pairs = _pairs(times, cues)
    snippets, count = len(cues), len(clips)
    sure = np.ones(snippets) if certainty is None else certainty
    quiet = np.zeros(snippets, dtype=bool) if silent is None else silent
    posterior = np.zeros((snippets, count))
    error = np.random.default_rng(0).normal(0.0, ERROR, (DRAWS, snippets, 2))
    if constraints is not None:
        error[:, np.isfinite(constraints.start).all(axis=1), 0] = 0.0
        error[:, np.isfinite(constraints.end).all(axis=1), 1] = 0.0
    for one in error:
        label = _labels(times, cues + one, pairs, count, quiet)
        own = np.flatnonzero(label != UNMATCHED)
        posterior[label[own], own] += sure[label[own]] / DRAWS
    labels = _labels(times, cues, pairs, count, quiet)
    durations = times[:, 1] - times[:, 0]
    posterior = np.clip(posterior, 0.0, 1.0)
    unmatched, of_clips, of_snippets = confidence_of(labels, posterior, durations, 1.0)
    shared = _shared(times, np.where(quiet[:, None], np.nan, cues), labels)
    for clip, snippet in shared:
        of_snippets[snippet] = sure[snippet] * _share_of_cue(times[clip], cues[snippet])
    return TimedAlignment(
        labels=labels,
        posterior=posterior,
        clip_confidence=of_clips,
        snippet_confidence=of_snippets,
        unmatched=unmatched,
        candidates=likely_snippets(posterior, 1.0),
        log_probability=0.0,
        evidence=None,
        expected_iou=expected_iou(labels, posterior, durations),
        shared=shared,
    )


def _pairs(times: Floats, cues: Floats) -> _Pairs:
    has = np.flatnonzero(~np.isnan(cues[:, 0]))
    low = np.searchsorted(np.maximum.accumulate(times[:, 1]), cues[has, 0] - _FAR, side="right")
    high = np.searchsorted(times[:, 0], cues[has, 1] + _FAR, side="left")
    found = [(c, j) for j, a, b in zip(has, low, high, strict=True) for c in range(int(a), int(b))]
    found.sort()
    table = np.array(found, dtype=np.int64).reshape(-1, 2)
    first = np.flatnonzero(np.diff(table[:, 0], prepend=-1))
    return _Pairs(table[:, 0], table[:, 1], first)


def _labels(
    times: Floats, cues: Floats, pairs: _Pairs, count: int, quiet: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """The cue of each clip, or UNMATCHED."""
    labels = np.full(count, UNMATCHED)
    if not len(pairs.clip):
        return labels
    own, cue = times[pairs.clip], cues[pairs.cue]
    overlap = np.minimum(own[:, 1], cue[:, 1]) - np.maximum(own[:, 0], cue[:, 0])  # (P,)
    least = np.maximum(_LEAST, _LEAST_SHARE * (own[:, 1] - own[:, 0]))
    least = np.where(quiet[pairs.cue], _MOST * (own[:, 1] - own[:, 0]), least)
    enough = (overlap >= least) | ((2 * overlap >= cue[:, 1] - cue[:, 0]) & ~quiet[pairs.cue])
    overlap = np.where(enough & (overlap > 0), overlap, -np.inf)
    most = np.maximum.reduceat(overlap, pairs.first)
    number = np.repeat(np.arange(len(pairs.first)), np.diff([*pairs.first, len(overlap)]))
    best = np.flatnonzero((overlap == most[number]) & (overlap > -np.inf))[::-1]  # the first of equals wins
    labels[pairs.clip[best]] = pairs.cue[best]
    return labels


def _shared(times: Floats, cues: Floats, labels: NDArray[np.int64]) -> tuple[tuple[int, int], ...]:
    """The clip that each cue lies in, for cues that have no clip of their own."""
    shared = []
    for snippet in np.setdiff1d(np.flatnonzero(~np.isnan(cues[:, 0])), labels):
        start, end = cues[snippet]
        overlap = np.minimum(times[:, 1], end) - np.maximum(times[:, 0], start)
        if overlap.max() > 0:
            shared.append((int(overlap.argmax()), int(snippet)))
    return tuple(shared)


def _share_of_cue(clip: Floats, cue: Floats) -> float:
    """The share of a cue, with an allowance for its error, that lies in a clip."""
    overlap = min(clip[1], cue[1]) - max(clip[0], cue[0])
    return float(np.clip(overlap / (cue[1] - cue[0] + ERROR), 0.0, 1.0))
