"""Narrations drawn as the semi-Markov model assumes them, or nearly so: known truth, no pixels."""

from dataclasses import dataclass

import numpy as np

from mmtool.alignment.timing.fit import AnnotatedNarration
from mmtool.alignment.timing.parameters import TimingParameters
from mmtool.alignment.timing.reading_time import COUNTS
from mmtool.records import Interval

ASSUMED = TimingParameters(
    reading=dict.fromkeys(COUNTS, 0.0) | {"letters": 0.1},
    noise=0.3,
    rate_deviation=0.1,
    gap_probability=0.1,
    sentence_gap_probability=0.1,
    gap_log_mean=0.3,
    gap_log_deviation=0.6,
    cut_attraction=0.0,
)
SNIPPETS = 40
CLIP = 1.8  # seconds, on average
HEAD = 10  # clips, at most, before and after the narration


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrator:
    """How narrations deviate from what the model assumes."""

    noise: float = 1.0  # times the assumed one
    log_normal: bool = False  # durations err by factors, not by seconds


def draw(rng: np.random.Generator, narrator: Narrator) -> AnnotatedNarration:
    """One video, whose narration starts and ends on cuts; other cuts fall anywhere.

    A clip is of what is said at its middle, and the truth about a snippet is all of its clips.
    """
    letters = rng.integers(10, 100, SNIPPETS)
    medians = letters * 0.1 * np.exp(ASSUMED.rate_deviation * rng.normal())
    error = ASSUMED.noise * narrator.noise * rng.standard_t(ASSUMED.freedom, SNIPPETS) / np.sqrt(medians)
    spoken = medians * (np.exp(error) if narrator.log_normal else 1 + error)
    spoken = np.maximum(spoken, ASSUMED.step)
    gaps = np.exp(rng.normal(ASSUMED.gap_log_mean, ASSUMED.gap_log_deviation, SNIPPETS))
    gaps *= rng.random(SNIPPETS) < ASSUMED.gap_probability
    head, tail = (np.cumsum(rng.exponential(CLIP, rng.integers(1, HEAD))) for _ in range(2))
    ends = head[-1] + np.cumsum(spoken + gaps) - gaps
    starts = ends - spoken

    anywhere = rng.uniform(starts[0], ends[-1], rng.poisson(spoken.sum() / CLIP))
    bounds = np.unique(np.concatenate([[0.0], head, anywhere, ends[-1:], ends[-1] + tail]).round(3))
    middles = (bounds[:-1] + bounds[1:]) / 2
    truth: list[Interval | None] = []
    for start, end in zip(starts, ends, strict=True):
        own = np.flatnonzero((middles >= start) & (middles < end))
        truth.append(Interval(float(bounds[own[0]]), float(bounds[own[-1] + 1])) if len(own) else None)
    return AnnotatedNarration(
        clips=[Interval(a, b) for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)],
        texts=["x" * n for n in letters],
        truth=truth,
    )
