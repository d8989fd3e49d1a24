"""Alignment by timing: a hidden semi-Markov model of a narration read aloud over the pictures.

The length of a text predicts how long it takes to read, cuts predict where it may start, and similar videos
predict how long logos and credits last. Times are on a regular grid; a clip belongs to the snippet that is
spoken at its middle, so a boundary between phrases moves to the nearest cut without moving what follows.
Emission scores from any similarity of clips and snippets can be added.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.expected_iou import expected_iou
from mmtool.alignment.quality import TimingEvidence, spread
from mmtool.alignment.timing.constrained import GridEvidence, constrained
from mmtool.alignment.timing.inputs import check_inputs, spoken_texts
from mmtool.alignment.timing.lattice import Marginals, forward_backward
from mmtool.alignment.timing.minimum_risk import minimum_risk
from mmtool.alignment.timing.narration import TimedVideo, timed_video, timing_lattice
from mmtool.alignment.timing.parameters import TimingParameters
from mmtool.alignment.timing.timed_alignment import (
    TimedAlignment,
    confidence_of,
    likely_snippets,
    path_labels,
    with_unspoken,
    without_text,
)
from mmtool.alignment.timing.viterbi import viterbi
from mmtool.arrays import Floats
from mmtool.constraints import Constraints
from mmtool.records import Interval

_FASTEST = 5.0  # greatest rate of reading, as a multiple of the usual one


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
    constraints: Constraints | None = None,
    cues: Floats | None = None,
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
        constraints: Where pins say that snippets are.
        cues: The start and the end (M, 2), in seconds, that the text itself gives each snippet; NaN where it
            does not.

    Texts without letters and digits ("♪♪", "…") are not read aloud: they are certain to have no clip.

    Raises:
        ExtentError: The given start or end lies outside the video.
        ValueError: Clips have no duration or are out of order, no text has letters or digits, emissions are
            not finite, or the text does not fit into the video.
    """
    check_inputs(clips, texts, emissions, text_start, text_end)
    if not texts:
        return without_text(clips)
    spoken = spoken_texts(texts)
    if constraints is not None:
        spoken = [index for index in spoken if not constraints.absent[index]]
    if not spoken:
        return with_unspoken(without_text(clips), [], len(texts))
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
            constraints=None if constraints is None else constraints.of(spoken),
            cues=None if cues is None else cues[spoken],
        )
        return with_unspoken(aligned, spoken, len(texts))
    video = timed_video(clips, texts, parameters)
    extent = tuple(t if t is None else t / parameters.unit for t in (text_start, text_end))
    _require_time(video, parameters, extent[0], extent[1])
    lattice = timing_lattice(video, parameters, title, emissions, extent[0], extent[1])
    if constraints is not None or cues is not None:
        known = Constraints.none(len(texts)) if constraints is None else constraints
        lattice = constrained(lattice, GridEvidence.of(known, cues, parameters.unit), video.grid)
    marginals = forward_backward(lattice)
    posterior = _posterior(marginals, video.cells)
    if most_probable_path:
        labels = path_labels(viterbi(lattice)[0], video.cells)
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
        candidates=likely_snippets(posterior, parameters.temperature),
        log_probability=marginals.log_probability,
        evidence=_evidence(video, marginals, extent, parameters.unit),
        expected_iou=expected_iou(labels, posterior, video.durations),
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
    check_inputs(clips, texts, None, None, None)
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
