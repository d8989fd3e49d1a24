"""Alignment from timing: a hidden semi-Markov model of a narration read aloud over the pictures.

The length of a text says how long it plays, cuts say where it may begin, and similar videos say how long
logos and credits last. The narrator's time runs on a regular grid; a clip belongs to the snippet that is
spoken at its middle, so that a phrase boundary moves to the nearest cut without moving what follows.
Emission scores from any similarity of clips and snippets can be added.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.extent import Side, SideView, candidate_scores, side_views, similarities
from mmtool.alignment.lattice import Floats, Lattice, Marginals, forward_backward
from mmtool.alignment.minimum_risk import UNMATCHED, minimum_risk
from mmtool.alignment.reading import COUNTS, ends_sentence, reading_counts
from mmtool.alignment.timing_parameters import TimingParameters
from mmtool.alignment.viterbi import viterbi
from mmtool.records import Interval

_MOST_TIMES = 3 * 2**12  # of the grid: a film's steps grow beyond the parameters' step
_RATE_SPAN = 2.2  # deviations of the rate to either side
_LONGEST = 4.0  # a snippet lasts at most this many times its expected duration, or 3 s more
_ANYWHERE = 1e-5  # probability floor of every grid time as the narration's start or end


@dataclass(frozen=True, slots=True)
class TimedAlignment:
    """``labels`` (N,) is each clip's snippet or UNMATCHED; ``posterior`` (M, N) of each clip's snippet.

    ``clip_confidence`` (N,) is the probability of each clip's label; ``snippet_confidence`` (M,) the
    mean of that over the snippet's time, or, without clips, the probability that it owns no clip.
    ``log_probability`` is of all alignments, for comparing texts or parameters on one video.
    """

    labels: NDArray[np.int64]
    posterior: Floats
    clip_confidence: Floats
    snippet_confidence: Floats
    log_probability: float

    @property
    def matches(self) -> tuple[tuple[int, int], ...]:
        return tuple((clip, int(label)) for clip, label in enumerate(self.labels) if label != UNMATCHED)


@dataclass(frozen=True, slots=True)
class _Video:
    """Clips and texts in the parameters' unit of time; ``bounds`` are all cuts from first to last."""

    bounds: Floats
    middles: Floats  # (N,)
    durations: Floats  # (N,)
    reading: Floats  # (M,)
    sentence_ends: NDArray[np.bool_]  # (M,): where the narrator may stop
    grid: Floats  # (X,)

    @property
    def step(self) -> float:
        return float(self.grid[1] - self.grid[0])

    @property
    def cells(self) -> NDArray[np.int64]:
        """The last grid time (N,) at or before each clip's middle."""
        cells = np.floor((self.middles - self.grid[0]) / self.step + 1e-9).astype(np.int64)
        inside: NDArray[np.int64] = np.clip(cells, 0, len(self.grid) - 2)
        return inside


def align_by_timing(
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

    ``emissions`` (M, N) are scores of each clip in each snippet (an unmatched clip's is 0), summed over
    a snippet's clips and weighted with the parameters' ``emission_weight``. ``text_start`` and
    ``text_end`` fix the narration's extent, in seconds. The labels minimise the expected risk, or, on
    request, follow the most probable path (Viterbi); confidence is the posterior in both cases.

    Raises ValueError for clips without duration or out of order, texts without letters or digits, an
    extent outside of the video, emissions that are not finite, and a text that cannot fit.
    """
    _check(clips, texts, emissions, text_start, text_end)
    if not texts:
        nothing = np.zeros((0, len(clips)))
        return _result(np.full(len(clips), UNMATCHED), nothing, _durations(clips), 0.0, 1.0)
    video = _video(clips, texts, parameters)
    extent = tuple(t if t is None else t / parameters.unit for t in (text_start, text_end))
    lattice = _lattice(video, parameters, title, emissions, extent[0], extent[1])
    marginals = forward_backward(lattice)
    posterior = _posterior(marginals, video.cells)
    if most_probable_path:
        labels = _path_labels(viterbi(lattice)[0], video.cells)
    else:
        labels = minimum_risk(posterior, video.durations, video.reading, evenness=parameters.evenness)
    return _result(labels, posterior, video.durations, marginals.log_probability, parameters.temperature)


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
    for number, text in enumerate(texts):
        if not any(c.isalnum() for c in text):
            raise ValueError(f"snippet {number} has no letters")
    if emissions is not None:
        if emissions.shape != (len(texts), len(clips)):
            raise ValueError(f"the similarity is {emissions.shape}, not {(len(texts), len(clips))}")
        if not np.isfinite(emissions).all():
            raise ValueError("the similarity has values that are not finite")
    first, last = clips[0].start, max(clip.end for clip in clips)
    start, end = (first if text_start is None else text_start), (last if text_end is None else text_end)
    if not first <= start < end <= last:
        raise ValueError(f"the narration from {start:g} to {end:g} s is outside of {first:g} to {last:g} s")


def _video(clips: Sequence[Interval], texts: Sequence[str], parameters: TimingParameters) -> _Video:
    times = np.array(clips, dtype=np.float64) / parameters.unit  # (N, 2)
    bounds = np.unique(times.round(6))
    length = bounds[-1] - bounds[0]
    steps = min(int(np.ceil(length / parameters.step)), _MOST_TIMES)
    steps = max(steps, 4 * len(texts))  # room for every snippet
    rates = np.array([parameters.reading[name] for name in COUNTS])
    return _Video(
        bounds=bounds,
        middles=times.mean(axis=1),
        durations=times[:, 1] - times[:, 0],
        reading=np.maximum(reading_counts(texts) @ rates, 1e-3),
        sentence_ends=np.array([ends_sentence(text) for text in texts]),
        grid=bounds[0] + np.arange(steps + 1) * (length / steps),
    )


def _lattice(
    video: _Video,
    parameters: TimingParameters,
    title: str,
    emissions: Floats | None,
    text_start: float | None,
    text_end: float | None,
) -> Lattice:
    views = side_views(video.bounds)
    weights = _similar_videos(views, parameters, title)
    rates, prior = _rates(parameters, weights)
    head = _placed(views[0], parameters.head, weights[0], video, from_end=False)
    tail = _placed(views[1], parameters.tail, weights[1], video, from_end=True)
    return Lattice(
        durations=[
            _duration_kernel(reading * rates, parameters, video.step)[:, : len(video.grid)]
            for reading in video.reading
        ],
        gap=_gap_kernel(parameters, video.step)[: len(video.grid)],
        gap_probability=np.where(
            video.sentence_ends[:-1], parameters.sentence_gap_probability, parameters.gap_probability
        ),
        drop_probability=parameters.drop_probability,
        boundary=_cut_potential(video, parameters),
        head=head if text_start is None else _only(video.grid, text_start),
        tail=tail if text_end is None else _only(video.grid, text_end),
        rates=prior,
        gain=None if emissions is None else _gain(emissions * parameters.emission_weight, video),
    )


def _duration_kernel(medians: Floats, parameters: TimingParameters, step: float) -> Floats:
    """Probability (R, D) of 0..D−1 steps, for the medians (R,) at each rate."""
    longest = max(_LONGEST * medians.max(), medians.max() + 3.0, step)
    durations = np.arange(int(np.ceil(longest / step)) + 1) * step
    z = (durations - medians[:, None]) / (parameters.noise * np.sqrt(medians[:, None]))
    if parameters.freedom:
        density = (1 + z * z / parameters.freedom) ** (-(parameters.freedom + 1) / 2)
    else:
        density = np.exp(-0.5 * z * z)
    density[:, 0] = 0.0
    density[:, 1] = np.maximum(density[:, 1], 1e-300)
    kernel: Floats = density / density.sum(axis=1, keepdims=True)
    return kernel


def _gap_kernel(parameters: TimingParameters, step: float) -> Floats:
    """Probability (G,) of 0..G−1 steps: log-normal, of at least one step."""
    gaps = np.arange(1, max(2, int(parameters.longest_gap / step))) * step
    z = (np.log(gaps) - parameters.gap_log_mean) / parameters.gap_log_deviation
    density = np.exp(-0.5 * z * z) / gaps
    return np.concatenate([[0.0], density / density.sum()])


def _cut_potential(video: _Video, parameters: TimingParameters) -> Floats:
    after = np.clip(np.searchsorted(video.bounds, video.grid), 1, len(video.bounds) - 1)
    distance = np.minimum(
        np.abs(video.grid - video.bounds[after - 1]), np.abs(video.grid - video.bounds[after])
    )
    potential: Floats = np.log1p(parameters.cut_attraction * np.exp(-distance / parameters.cut_width))
    return potential


def _similar_videos(
    views: tuple[SideView, SideView], parameters: TimingParameters, title: str
) -> tuple[Floats, Floats]:
    """How much each training video (U,) says about this head, and about this tail."""
    if not parameters.titles:
        return np.zeros(0), np.zeros(0)
    titles = [frozenset(words) for words in parameters.titles]
    sides = parameters.head, parameters.tail
    return similarities(views, title, sides, titles, parameters.similarity)


def _rates(parameters: TimingParameters, weights: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """The rates (R,) and their log-prior: log-normal, like those of similar training videos."""
    mean, deviation = 0.0, parameters.rate_deviation
    if parameters.log_rates:
        weight, logs = (weights[0] + weights[1]) / 2, np.array(parameters.log_rates)
        mean = float(weight @ logs)
        deviation = float(np.sqrt(weight @ (logs - mean) ** 2 + parameters.rate_bandwidth**2))
    span = _RATE_SPAN if parameters.rates > 1 else 0.0
    deviations = np.linspace(-span, span, parameters.rates)
    prior = -0.5 * deviations**2
    return np.exp(mean + deviations * deviation), prior - np.log(np.exp(prior).sum())


def _placed(view: SideView, side: Side, weights: Floats, video: _Video, *, from_end: bool) -> Floats:
    """Put the scores of a side's candidates on the grid."""
    scores = candidate_scores(view, side, weights)
    cells = np.round(view.candidates / video.step).astype(np.int64)
    probability = np.full(len(video.grid), _ANYWHERE)
    np.add.at(probability, len(video.grid) - 1 - cells if from_end else cells, np.exp(scores))
    placed: Floats = np.log(probability)
    return placed


def _only(grid: Floats, time: float) -> Floats:
    scores = np.full(len(grid), -np.inf)
    scores[int(np.abs(grid - time).argmin())] = 0.0
    return scores


def _gain(emissions: Floats, video: _Video) -> Floats:
    """The sum (M, X) of the emissions of all clips whose middle lies before each grid time."""
    at = np.zeros((len(video.grid), len(emissions)))
    np.add.at(at, video.cells + 1, emissions.T)
    gain: Floats = np.cumsum(at, axis=0).T
    return gain


def _posterior(marginals: Marginals, cells: NDArray[np.int64]) -> Floats:
    """Probability (M, N) that a snippet has started and not ended at a clip's middle."""
    started = np.cumsum(marginals.starts, axis=1)[:, cells]
    ended = np.cumsum(marginals.ends, axis=1)[:, cells]
    posterior: Floats = np.clip(started - ended, 0.0, 1.0)
    return posterior


def _path_labels(placed: NDArray[np.int64], cells: NDArray[np.int64]) -> NDArray[np.int64]:
    owner = np.searchsorted(placed[:, 0], cells, side="right") - 1  # the last snippet that has started
    inside = (owner >= 0) & (cells < placed[owner, 1])
    return np.where(inside, owner, UNMATCHED)


def _durations(clips: Sequence[Interval]) -> Floats:
    return np.array([clip.end - clip.start for clip in clips], dtype=np.float64)


def _result(
    labels: NDArray[np.int64],
    posterior: Floats,
    durations: Floats,
    log_probability: float,
    temperature: float,
) -> TimedAlignment:
    snippets, clips = posterior.shape
    unmatched = np.clip(1 - posterior.sum(axis=0), 0.0, 1.0)
    table = np.vstack([posterior, unmatched]) ** (1 / temperature)  # (M + 1, N); UNMATCHED is the last row
    table /= table.sum(axis=0)
    clip_confidence = table[labels, np.arange(clips)]
    owned = np.array([durations[labels == j].sum() for j in range(snippets)])
    sure = np.array([(clip_confidence * durations)[labels == j].sum() for j in range(snippets)])
    none = 1 - posterior.max(axis=1, initial=0.0)
    snippet_confidence = np.where(owned > 0, sure / np.where(owned > 0, owned, 1.0), none)
    return TimedAlignment(labels, posterior, clip_confidence, snippet_confidence, log_probability)
