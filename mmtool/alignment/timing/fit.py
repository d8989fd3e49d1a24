"""Estimate the semi-Markov model's parameters from annotated videos."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.timing.extent import (
    HEAD_FEATURES,
    TAIL_FEATURES,
    Exemplar,
    Side,
    SideView,
    candidate_features,
    exemplar_of,
    side_views,
    similarities,
    title_words,
)
from mmtool.alignment.timing.logit import fit_conditional_logit
from mmtool.alignment.timing.parameters import TimingParameters
from mmtool.alignment.timing.reading_time import COUNTS, reading_counts
from mmtool.arrays import Floats
from mmtool.reading import ends_sentence
from mmtool.records import Interval

_WINDOW = 6  # snippets; errors of single boundaries, which lie on cuts, average out
_SHORTEST_GAP = 0.25  # seconds; shorter ones are imprecise annotations
_LONG_GAP = 1.0  # seconds; shorter ones are part of reading
_FEWEST_GAPS = 5  # fewer are not enough to learn about gaps
_RECURRING = 3  # titles that must have a word in common
_COMMON_WORDS = frozenset(["a", "an", "and", "in", "of", "part", "the", "to"])


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatedNarration:
    """One annotated video; ``truth`` (M) holds the intervals of the texts, None for an unmatched text."""

    clips: Sequence[Interval]
    texts: Sequence[str]
    truth: Sequence[Interval | None]
    title: str = ""


@dataclass(frozen=True, slots=True)
class _Narration:
    """The spoken texts of one video: seconds (M,) until the next start, without the gaps (M − 1,)."""

    counts: Floats  # (M, 8)
    sentence_ends: NDArray[np.bool_]  # (M,)
    seconds: Floats
    gaps: Floats


def fit(
    videos: Sequence[AnnotatedNarration], base: TimingParameters, *, source: str = ""
) -> TimingParameters:
    """Estimate reading times, noise, rates, gaps, drops and extent; other parameters are those of ``base``.

    Raises ValueError unless at least one video has clips and two matched texts.
    """
    usable = [video for video in videos if video.clips and _matched(video)[1:]]
    if not usable:
        raise ValueError("no video has clips and two annotated snippets")
    narrations = [_narration(video) for video in usable]
    reading, rates = _fit_reading(narrations)
    fitted = replace(
        base,
        source=source,
        unit=1.0,
        reading=dict(zip(COUNTS, reading.round(4).tolist(), strict=True)),
        rate_deviation=_rounded(max(float(np.std(np.log(rates))), 0.02)),
        log_rates=tuple(np.log(rates).round(3).tolist()),
        noise=_rounded(_noise(narrations, reading, rates, base.freedom)),
        drop_probability=_rounded(_unmatched_share(videos)),
    )
    return _fit_extent(usable, _fit_gaps(narrations, fitted))


def _matched(video: AnnotatedNarration) -> list[tuple[str, Interval]]:
    pairs = zip(video.texts, video.truth, strict=True)
    return [(text, interval) for text, interval in pairs if interval is not None]


def _narration(video: AnnotatedNarration) -> _Narration:
    texts, intervals = zip(*_matched(video), strict=True)
    starts, ends = np.array(intervals, dtype=np.float64).T
    gaps = np.maximum(starts[1:] - ends[:-1], 0.0)
    seconds = np.diff(np.append(starts, ends.max())) - np.append(
        np.where(gaps < _SHORTEST_GAP, 0.0, gaps), 0.0
    )
    ends_of = np.array([ends_sentence(text) for text in texts])
    return _Narration(reading_counts(texts), ends_of, np.maximum(seconds, 0.0), gaps)


def _fit_reading(narrations: Sequence[_Narration]) -> tuple[Floats, Floats]:
    """The seconds (8,) of each count, at least 0, and the rates of the videos, whose mean log is 0.

    The regression uses sums over windows of texts: boundaries are annotated at the nearest cut, which makes
    single short texts look slow.
    """
    from scipy.optimize import nnls  # takes long to load, and only training needs it

    rates = np.ones(len(narrations))
    seconds_each = np.zeros(len(COUNTS))
    for _ in range(2):
        counts, seconds = [], []
        for narration, rate in zip(narrations, rates, strict=True):
            window = _sums(narration.counts, _WINDOW), _sums(narration.seconds[:, None], _WINDOW)[:, 0]
            scale = sqrt(max(window[1].mean(), 1e-6))  # the variance grows with the time
            counts.append(window[0] / scale)
            seconds.append(window[1] / rate / scale)
        seconds_each, _ = nnls(np.vstack(counts), np.concatenate(seconds))
        expected = np.array([(n.counts @ seconds_each).sum() for n in narrations])
        spoken = np.array([n.seconds.sum() for n in narrations])
        rates = np.maximum(spoken, 1e-6) / np.maximum(expected, 1e-6)
    mean = float(np.exp(np.log(rates).mean()))
    return seconds_each * mean, rates / mean


def _sums(values: Floats, window: int) -> Floats:
    """Sums (M − window + 1, D) over successive rows of (M, D)."""
    cumulated = np.vstack([np.zeros(values.shape[1]), np.cumsum(values, axis=0)])
    window = min(window, len(values))
    sums: Floats = cumulated[window:] - cumulated[:-window]
    return sums


def _noise(narrations: Sequence[_Narration], reading: Floats, rates: Floats, freedom: float) -> float:
    """The standard deviation of one second of speech, from the growth of errors between windows of 2 and 12.

    The difference excludes what does not grow with the window: the jitter of single boundaries.
    """
    variance, time = [], []
    for window in (2, 12):
        expected = [(n.counts @ reading)[:, None] * r for n, r in zip(narrations, rates, strict=True)]
        times = [_sums(seconds, window) for seconds in expected]
        spoken = [_sums(n.seconds[:, None], window) for n in narrations]
        errors = np.abs(np.concatenate(spoken) - np.concatenate(times))
        variance.append((float(np.median(errors)) / 0.6745) ** 2)
        time.append(float(np.concatenate(times).mean()))
    growth = (variance[1] - variance[0]) / max(time[1] - time[0], 1e-9)
    heavy = freedom / (freedom - 2) if freedom > 2 else 1.0
    return sqrt(max(growth / heavy, 0.05**2))


def _fit_gaps(narrations: Sequence[_Narration], parameters: TimingParameters) -> TimingParameters:
    gaps = np.concatenate([n.gaps for n in narrations])
    at_ends = np.concatenate([n.sentence_ends[:-1] for n in narrations])
    logs = np.log(gaps[gaps >= _SHORTEST_GAP])
    if len(logs) < _FEWEST_GAPS:
        return parameters
    inside, between = ((gaps[chosen] >= _LONG_GAP) for chosen in (~at_ends, at_ends))
    return replace(
        parameters,
        gap_probability=_rounded((inside.sum() + 1) / (len(inside) + 2)),
        sentence_gap_probability=_rounded((between.sum() + 1) / (len(between) + 2)),
        gap_log_mean=_rounded(float(logs.mean())),
        gap_log_deviation=_rounded(max(float(logs.std()), 0.1)),
    )


def _unmatched_share(videos: Sequence[AnnotatedNarration]) -> float:
    truths = [interval for video in videos for interval in video.truth]
    return sum(interval is None for interval in truths) / max(1, len(truths))


def _fit_extent(videos: Sequence[AnnotatedNarration], parameters: TimingParameters) -> TimingParameters:
    views = [side_views(np.unique(np.array(video.clips, dtype=np.float64).round(6))) for video in videos]
    lengths = [_edge_lengths(video) for video in videos]
    words = [title_words(video.title) - _COMMON_WORDS for video in videos]
    counts = Counter(word for title in words for word in title)
    titles = tuple(tuple(sorted(w for w in title if counts[w] >= _RECURRING)) for title in words)
    sides = []
    for this, (side, names) in enumerate(
        ((parameters.head, HEAD_FEATURES), (parameters.tail, TAIL_FEATURES))
    ):
        exemplars = [
            exemplar_of(view[this], length[this], reach=side.reach, clips=names is HEAD_FEATURES)
            for view, length in zip(views, lengths, strict=True)
        ]
        sides.append(_bare_side(side, views, exemplars))
    if len(videos) > 1:
        sides = _weigh(views, lengths, (sides[0], sides[1]), parameters, titles, videos)
    return replace(parameters, head=sides[0], tail=sides[1], titles=titles)


def _edge_lengths(video: AnnotatedNarration) -> tuple[float, float]:
    intervals = [interval for _, interval in _matched(video)]
    first, last = video.clips[0].start, max(clip.end for clip in video.clips)
    head = min(interval.start for interval in intervals) - first
    tail = last - max(interval.end for interval in intervals)
    return max(head, 0.0), max(tail, 0.0)


def _bare_side(side: Side, views: Sequence[tuple[SideView, SideView]], exemplars: Sequence[Exemplar]) -> Side:
    logs = [log(max(d, 0.05)) for head, _ in views for d in np.diff(head.cuts)]
    return replace(
        side,
        exemplars=tuple(exemplars),
        log_duration=(_rounded(float(np.mean(logs))), _rounded(max(float(np.std(logs)), 0.05))),
    )


def _weigh(
    views: Sequence[tuple[SideView, SideView]],
    lengths: Sequence[tuple[float, float]],
    sides: tuple[Side, Side],
    parameters: TimingParameters,
    titles: Sequence[tuple[str, ...]],
    videos: Sequence[AnnotatedNarration],
) -> list[Side]:
    """Fit the weights of the features; the exemplars of each video are the other videos."""
    features: tuple[list[Floats], list[Floats]] = ([], [])
    chosen: tuple[list[int], list[int]] = ([], [])
    for i, (view, length, video) in enumerate(zip(views, lengths, videos, strict=True)):
        others = [j for j in range(len(videos)) if j != i]
        left = replace(sides[0], exemplars=tuple(sides[0].exemplars[j] for j in others))
        right = replace(sides[1], exemplars=tuple(sides[1].exemplars[j] for j in others))
        known = [frozenset(titles[j]) for j in others]
        weights = similarities(view, video.title, (left, right), known, parameters.similarity)
        for this, (side, names) in enumerate(((left, HEAD_FEATURES), (right, TAIL_FEATURES))):
            features[this].append(candidate_features(view[this], side, weights[this], names))
            chosen[this].append(int(np.abs(view[this].candidates - length[this]).argmin()))
    fitted = []
    for this, names in enumerate((HEAD_FEATURES, TAIL_FEATURES)):
        weights_of = fit_conditional_logit(features[this], chosen[this])
        fitted.append(
            replace(sides[this], weights=dict(zip(names, weights_of.round(3).tolist(), strict=True)))
        )
    return fitted


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
