"""The semi-Markov lattice of one video, from its clips, its text and similar videos."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.timing.extent import Side, SideView, candidate_scores, side_views, similarities
from mmtool.alignment.timing.lattice import Lattice
from mmtool.alignment.timing.parameters import TimingParameters
from mmtool.alignment.timing.reading_time import reading_times
from mmtool.arrays import Floats
from mmtool.reading import ends_sentence
from mmtool.records import Interval

_MOST_TIMES = 3 * 2**12  # of the grid; the steps of a long film are longer than the parameters' step
_RATE_SPAN = 2.2  # standard deviations of the rate on either side
_LONGEST = 4.0  # a snippet lasts at most this many times its expected duration, or 3 s longer
_ANYWHERE = 1e-5  # least probability of any grid time as the start or end of the narration


@dataclass(frozen=True, slots=True)
class TimedVideo:
    """Clips and texts in the parameters' unit of time; ``bounds`` are all cuts, ends included."""

    bounds: Floats
    middles: Floats  # (N,)
    durations: Floats  # (N,)
    reading: Floats  # (M,)
    sentence_ends: NDArray[np.bool_]  # (M,): where the narrator may pause
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


def timed_video(clips: Sequence[Interval], texts: Sequence[str], parameters: TimingParameters) -> TimedVideo:
    """Measure clips and texts in the parameters' unit, on a grid fine enough for every snippet."""
    times = np.array(clips, dtype=np.float64) / parameters.unit  # (N, 2)
    bounds = np.unique(times.round(6))
    length = bounds[-1] - bounds[0]
    steps = min(int(np.ceil(length / parameters.step)), _MOST_TIMES)
    steps = max(steps, 4 * len(texts))  # enough for every snippet
    return TimedVideo(
        bounds=bounds,
        middles=times.mean(axis=1),
        durations=times[:, 1] - times[:, 0],
        reading=reading_times(texts, parameters.reading),
        sentence_ends=np.array([ends_sentence(text) for text in texts]),
        grid=bounds[0] + np.arange(steps + 1) * (length / steps),
    )


def timing_lattice(
    video: TimedVideo,
    parameters: TimingParameters,
    title: str,
    emissions: Floats | None,
    text_start: float | None,
    text_end: float | None,
) -> Lattice:
    """The scores of timing, and of the emissions (M, N) if given.

    ``text_start`` and ``text_end``, in the parameters' unit, replace the extent learned from similar videos.
    """
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
        boundary=cut_potential(video.bounds, video.grid, parameters.cut_attraction, parameters.cut_width),
        head=head if text_start is None else _only(video.grid, text_start),
        tail=tail if text_end is None else _only(video.grid, text_end),
        rates=prior,
        gain=None if emissions is None else collected(emissions * parameters.emission_weight, video),
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


def cut_potential(bounds: Floats, grid: Floats, attraction: float, width: float) -> Floats:
    """The log (X,) of the factor by which each grid time is likelier as a boundary, for being near a cut."""
    after = np.clip(np.searchsorted(bounds, grid), 1, len(bounds) - 1)
    distance = np.minimum(np.abs(grid - bounds[after - 1]), np.abs(grid - bounds[after]))
    potential: Floats = np.log1p(attraction * np.exp(-distance / width))
    return potential


def _similar_videos(
    views: tuple[SideView, SideView], parameters: TimingParameters, title: str
) -> tuple[Floats, Floats]:
    """The weights of the training videos (U,) for the head, and for the tail."""
    if not parameters.titles:
        return np.zeros(0), np.zeros(0)
    titles = [frozenset(words) for words in parameters.titles]
    sides = parameters.head, parameters.tail
    return similarities(views, title, sides, titles, parameters.similarity)


def _rates(parameters: TimingParameters, weights: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """The rates (R,) and their log-prior, log-normal around those of similar training videos."""
    mean, deviation = 0.0, parameters.rate_deviation
    if parameters.log_rates:
        weight, logs = (weights[0] + weights[1]) / 2, np.array(parameters.log_rates)
        mean = float(weight @ logs)
        deviation = float(np.sqrt(weight @ (logs - mean) ** 2 + parameters.rate_bandwidth**2))
    span = _RATE_SPAN if parameters.rates > 1 else 0.0
    deviations = np.linspace(-span, span, parameters.rates)
    prior = -0.5 * deviations**2
    return np.exp(mean + deviations * deviation), prior - np.log(np.exp(prior).sum())


def _placed(view: SideView, side: Side, weights: Floats, video: TimedVideo, *, from_end: bool) -> Floats:
    """Place the scores of a side's candidates on the grid."""
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


def collected(emissions: Floats, video: TimedVideo) -> Floats:
    """The sum (M, X) of the emissions of all clips whose middle lies before each grid time."""
    at = np.zeros((len(video.grid), len(emissions)))
    np.add.at(at, video.cells + 1, emissions.T)
    gain: Floats = np.cumsum(at, axis=0).T
    return gain
