"""Alignment by timing: a hidden semi-Markov model of a narration read aloud over the pictures.

The length of a text predicts how long it takes to read, cuts predict where it may start, and similar videos
predict how long logos and credits last. Times are on a regular grid; a clip belongs to the snippet that is
spoken at its middle, so a boundary between phrases moves to the nearest cut without moving what follows.
Emission scores from any similarity of clips and snippets can be added.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.expected_iou import expected_iou
from mmtool.alignment.quality import TimingEvidence, spread
from mmtool.alignment.timing.lattice import Marginals, forward_backward
from mmtool.alignment.timing.minimum_risk import UNMATCHED, minimum_risk
from mmtool.alignment.timing.mixture_evidence import MixtureEvidence
from mmtool.alignment.timing.narration import TimedVideo, timed_video, timing_lattice
from mmtool.alignment.timing.parameters import TimingParameters
from mmtool.alignment.timing.viterbi import viterbi
from mmtool.alignment.weak_matches import UnmatchedProbability
from mmtool.arrays import Floats
from mmtool.records import Candidates, Interval

_LEAST_LIKELY, _MOST_CANDIDATES = 0.01, 8  # limits for the candidates of a clip
_FASTEST = 5.0  # greatest rate of reading, as a multiple of the usual one


class ExtentError(ValueError):
    """The given start or end of the narration lies outside the video."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedAlignment:
    """The alignment of N clips with M snippets.

    Attributes:
        labels: The snippet of each clip (N,), or UNMATCHED.
        posterior: The probability (M, N) that each clip belongs to each snippet.
        clip_confidence: The probability (N,) of each clip's label, tempered by the parameters'
            ``temperature``.
        snippet_confidence: Its mean (M,) over the clips of each snippet, weighted by their duration; without
            clips, the probability that the snippet has none.
        unmatched: The probability of having no match, for all clips and snippets.
        candidates: The likely snippets of each clip (N) with their tempered probabilities, likeliest first.
        log_probability: The log-probability of all alignments together, for comparing texts or parameters
            on one video.
        evidence: What the verdict on the alignment is based on.
        expected_iou: The text IoU that the posterior lets expect, 0..1.
        mixture: What the mixture of hypotheses adds to it; None for the model of one channel by itself.
    """

    labels: NDArray[np.int64]
    posterior: Floats
    clip_confidence: Floats
    snippet_confidence: Floats
    unmatched: UnmatchedProbability
    candidates: tuple[Candidates, ...]
    log_probability: float
    evidence: TimingEvidence
    expected_iou: float
    mixture: MixtureEvidence | None = None

    @property
    def matches(self) -> tuple[tuple[int, int], ...]:
        return tuple((clip, int(label)) for clip, label in enumerate(self.labels) if label != UNMATCHED)


def align_narration(
    clips: Sequence[Interval],
    texts: Sequence[str],
    parameters: TimingParameters,
    *,
    title: str = "",
    emissions: Floats | None = None,
    text_start: float | None = None,
    text_end: float | None = None,
    most_probable_path: bool = False,
) -> TimedAlignment:
    """Align the N clips of a video with M texts in reading order.

    Args:
        clips: The intervals of the clips (N), in seconds and in order.
        texts: The texts (M) in reading order.
        parameters: The parameters of the model.
        title: The title of the video, by which similar training videos are found.
        emissions: Scores (M, N) of each clip in each snippet, where an unmatched clip has 0. They are summed
            over the clips of a snippet and multiplied by the parameters' ``emission_weight``.
        text_start: The time at which the narration starts, in seconds; estimated if None.
        text_end: The time at which the narration ends, in seconds; estimated if None.
        most_probable_path: Follow the most probable path (Viterbi) instead of minimising the expected risk.
            The confidence is the posterior in both cases.

    Texts without letters and digits ("♪♪", "…") are not read aloud: they are certain to have no clip.

    Raises:
        ExtentError: The given start or end lies outside the video.
        ValueError: Clips have no duration or are out of order, no text has letters or digits, emissions are
            not finite, or the text does not fit into the video.
    """
    _check(clips, texts, emissions, text_start, text_end)
    if not texts:
        return _without_text(clips)
    spoken = spoken_texts(texts)
    if len(spoken) < len(texts):
        aligned = align_narration(
            clips,
            [texts[index] for index in spoken],
            parameters,
            title=title,
            emissions=None if emissions is None else emissions[spoken],
            text_start=text_start,
            text_end=text_end,
            most_probable_path=most_probable_path,
        )
        return _with_unspoken(aligned, spoken, len(texts))
    video = timed_video(clips, texts, parameters)
    extent = tuple(t if t is None else t / parameters.unit for t in (text_start, text_end))
    _require_time(video, parameters, extent[0], extent[1])
    lattice = timing_lattice(video, parameters, title, emissions, extent[0], extent[1])
    marginals = forward_backward(lattice)
    posterior = _posterior(marginals, video.cells)
    if most_probable_path:
        labels = _path_labels(viterbi(lattice)[0], video.cells)
    else:
        labels = minimum_risk(posterior, video.durations, video.reading, evenness=parameters.evenness)
    unmatched, clip_confidence, snippet_confidence = confidence_of(
        labels, posterior, video.durations, parameters.temperature
    )
    return TimedAlignment(
        labels=labels,
        posterior=posterior,
        clip_confidence=clip_confidence,
        snippet_confidence=snippet_confidence,
        unmatched=unmatched,
        candidates=_candidates(posterior, parameters.temperature),
        log_probability=marginals.log_probability,
        evidence=_evidence(video, marginals, extent, parameters.unit),
        expected_iou=expected_iou(labels, posterior, video.durations),
    )


def _check(
    clips: Sequence[Interval],
    texts: Sequence[str],
    emissions: Floats | None,
    text_start: float | None,
    text_end: float | None,
) -> None:
    if not clips:
        raise ValueError("there are no clips")
    for number, clip in enumerate(clips):
        if not clip.start < clip.end:
            raise ValueError(f"clip {number} has no duration")
        if number and clip.start < clips[number - 1].start:
            raise ValueError(f"clip {number} starts before clip {number - 1}")
    if texts and not spoken_texts(texts):
        raise ValueError("snippet 0 has no letters, nor has any other")
    if emissions is not None:
        if emissions.shape != (len(texts), len(clips)):
            raise ValueError(f"the similarity is {emissions.shape}, not {(len(texts), len(clips))}")
        if not np.isfinite(emissions).all():
            raise ValueError("the similarity has values that are not finite")
    first, last = clips[0].start, max(clip.end for clip in clips)
    start, end = (first if text_start is None else text_start), (last if text_end is None else text_end)
    if not first <= start < end <= last:
        raise ExtentError(
            f"the narration from {start:g} to {end:g} s is outside of the video, {first:g} to {last:g} s"
        )


def spoken_texts(texts: Sequence[str]) -> list[int]:
    """The numbers of the texts that have letters or digits, so that a narrator can read them."""
    return [number for number, text in enumerate(texts) if any(map(str.isalnum, text))]


def _with_unspoken(aligned: TimedAlignment, spoken: list[int], count: int) -> TimedAlignment:
    """The alignment of ``count`` texts, of which only those that are spoken were aligned."""
    number_of = np.array([*spoken, UNMATCHED])  # by the label; UNMATCHED is -1, the last
    posterior = np.zeros((count, aligned.posterior.shape[1]))
    posterior[spoken] = aligned.posterior
    confidence, unmatched = np.ones(count), np.ones(count)
    confidence[spoken], unmatched[spoken] = aligned.snippet_confidence, aligned.unmatched.snippets
    return replace(
        aligned,
        labels=number_of[aligned.labels],
        posterior=posterior,
        snippet_confidence=confidence,
        unmatched=replace(aligned.unmatched, snippets=unmatched),
        candidates=tuple(
            tuple((spoken[snippet], probability) for snippet, probability in likely)
            for likely in aligned.candidates
        ),
    )


def _require_time(
    video: TimedVideo, parameters: TimingParameters, text_start: float | None, text_end: float | None
) -> None:
    """Raise ValueError for a text that cannot be read aloud in the available time."""
    start = video.grid[0] if text_start is None else text_start
    end = video.grid[-1] if text_end is None else text_end
    needed = video.reading.sum() * (1 - parameters.drop_probability)
    if needed > _FASTEST * (end - start):
        seconds, there = needed * parameters.unit, (end - start) * parameters.unit
        raise ValueError(
            f"the text does not fit: reading it takes about {seconds:.3g} s, but there are only {there:.3g} s"
        )


def order_posterior(
    clips: Sequence[Interval], texts: Sequence[str], parameters: TimingParameters, *, title: str = ""
) -> Floats:
    """Probabilities (N, M, 3) that each clip's middle lies before, within and after each snippet's time.

    Raises ValueError as :func:`align_narration` does.
    """
    _check(clips, texts, None, None, None)
    if not texts:
        return np.zeros((len(clips), 0, 3))
    spoken = spoken_texts(texts)
    if len(spoken) < len(texts):
        course = order_posterior(clips, [texts[index] for index in spoken], parameters, title=title)
        return _course_with_unspoken(course, spoken, len(texts))
    video = timed_video(clips, texts, parameters)
    marginals = forward_backward(timing_lattice(video, parameters, title, None, None, None))
    started = np.clip(np.cumsum(marginals.starts, axis=1)[:, video.cells].T, 0.0, 1.0)  # (N, M)
    ended = np.minimum(np.cumsum(marginals.ends, axis=1)[:, video.cells].T, started)
    return np.stack([1 - started, started - ended, np.maximum(ended, 0.0)], axis=-1)


def _course_with_unspoken(course: Floats, spoken: list[int], count: int) -> Floats:
    """The same for all texts: one that is not spoken takes no time, at the end of the one before it."""
    whole = np.zeros((len(course), count, 3))
    whole[:, :, 2] = 1.0  # before the first text that is spoken
    for place, number in enumerate(spoken):
        whole[:, number] = course[:, place]
        until = spoken[place + 1] if place + 1 < len(spoken) else count
        whole[:, number + 1 : until, 2] = course[:, [place], 2]
        whole[:, number + 1 : until, 0] = 1 - course[:, [place], 2]
    return whole


def _posterior(marginals: Marginals, cells: NDArray[np.int64]) -> Floats:
    """Probability (M, N) that a snippet has started and not yet ended at a clip's middle."""
    started = np.cumsum(marginals.starts, axis=1)[:, cells]
    ended = np.cumsum(marginals.ends, axis=1)[:, cells]
    posterior: Floats = np.clip(started - ended, 0.0, 1.0)
    return posterior


def _path_labels(placed: NDArray[np.int64], cells: NDArray[np.int64]) -> NDArray[np.int64]:
    owner = np.searchsorted(placed[:, 0], cells, side="right") - 1  # the last snippet that has started
    inside = (owner >= 0) & (cells < placed[owner, 1])
    return np.where(inside, owner, UNMATCHED)


def _without_text(clips: Sequence[Interval]) -> TimedAlignment:
    """The alignment of a video with an empty text: no clip has a match."""
    nothing, certain = np.zeros(0), np.ones(len(clips))
    return TimedAlignment(
        labels=np.full(len(clips), UNMATCHED),
        posterior=np.zeros((0, len(clips))),
        clip_confidence=certain,
        snippet_confidence=nothing,
        unmatched=UnmatchedProbability(clips=certain, snippets=nothing),
        candidates=((),) * len(clips),
        log_probability=0.0,
        evidence=TimingEvidence(reading=0.0, room=clips[-1].end - clips[0].start, start=0.0, end=0.0),
        expected_iou=0.0,
    )


def confidence_of(
    labels: NDArray[np.int64], posterior: Floats, durations: Floats, temperature: float
) -> tuple[UnmatchedProbability, Floats, Floats]:
    """The probabilities of having no match, and those of the labels of clips (N,) and snippets (M,).

    The probability that a snippet has no clip is taken as 1 minus the expected number of its clips: exact if
    it has at most one clip, otherwise a lower bound (Markov's inequality).
    """
    snippets, clips = posterior.shape
    table = _label_probability(posterior, temperature)
    sure = table[labels, np.arange(clips)]
    unmatched = UnmatchedProbability(
        clips=table[UNMATCHED], snippets=np.maximum(1 - posterior.sum(axis=1), 0.0)
    )
    of_snippet = labels == np.arange(snippets)[:, None]  # (M, N)
    owned = of_snippet @ durations
    mean = of_snippet @ (sure * durations) / np.where(owned > 0, owned, 1.0)
    return unmatched, sure, np.where(owned > 0, mean, unmatched.snippets)


def _label_probability(posterior: Floats, temperature: float) -> Floats:
    """The tempered probability (M + 1, N) of each label of each clip; UNMATCHED is the last row."""
    outside = np.clip(1 - posterior.sum(axis=0), 0.0, 1.0)
    table: Floats = np.vstack([posterior, outside]) ** (1 / temperature)
    table /= table.sum(axis=0)
    return table


def _candidates(posterior: Floats, temperature: float) -> tuple[Candidates, ...]:
    """The likely snippets of each clip, likeliest first."""
    probability = _label_probability(posterior, temperature)[:-1]
    order = np.argsort(-probability, axis=0, kind="stable")[:_MOST_CANDIDATES]  # (C, N)
    return tuple(
        tuple((int(j), float(p)) for j, p in zip(best, column[best], strict=True) if p >= _LEAST_LIKELY)
        for best, column in zip(order.T, probability.T, strict=True)
    )


def _evidence(
    video: TimedVideo, marginals: Marginals, extent: tuple[float | None, ...], unit: float
) -> TimingEvidence:
    """The evidence in seconds; ``unit`` converts the video's times into them."""
    start, end = extent
    first = video.bounds[0] if start is None else start
    last = video.bounds[-1] if end is None else end
    return TimingEvidence(
        reading=unit * float(video.reading.sum()),
        room=unit * float(last - first),
        start=unit * spread(video.grid, marginals.starts[0]),
        end=unit * spread(video.grid, marginals.ends[-1]),
    )
