"""Alignment by a mixture of timing hypotheses, each weighed by what the film says for it.

The in-channel model of :mod:`~mmtool.alignment.timing.semi_markov` is one of them, behind a gate. The others
know nothing of any channel; see :mod:`~mmtool.alignment.timing.hypotheses`. Labels are those with the
greatest expected text IoU and accuracy over placements drawn from the whole mixture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.quality import TimingEvidence
from mmtool.alignment.timing import hypotheses as h
from mmtool.alignment.timing.channel_gate import log_odds_of_channel
from mmtool.alignment.timing.cut_test import cut_score
from mmtool.alignment.timing.evidence import Observations
from mmtool.alignment.timing.expected_overlap import (
    CANDIDATES,
    DrawnPlacements,
    expected_iou,
    greatest_overlap,
)
from mmtool.alignment.timing.informed import informed
from mmtool.alignment.timing.inputs import check_inputs, spoken_texts
from mmtool.alignment.timing.known_evidence import after_evidence
from mmtool.alignment.timing.messages import Passes
from mmtool.alignment.timing.mixture_evidence import MixtureEvidence
from mmtool.alignment.timing.narration import TimedVideo, collected, timed_video, timing_lattice
from mmtool.alignment.timing.pace import Pace, pace_of, seconds_of
from mmtool.alignment.timing.parameters import TimingParameters
from mmtool.alignment.timing.placement import LEAST_WEIGHT, Hypothesis, Placement, log_sum, place
from mmtool.alignment.timing.stack import merged, rate_evidences
from mmtool.alignment.timing.timed_alignment import (
    TimedAlignment,
    confidence_of,
    likely_snippets,
    path_labels,
    with_unspoken,
    without_text,
)
from mmtool.alignment.timing.viterbi import viterbi
from mmtool.alignment.timing.weights import FOLLOWING, Evidences, weigh
from mmtool.arrays import Floats
from mmtool.constraints import Constraints
from mmtool.reading import ends_sentence
from mmtool.records import Interval

MIXTURE_VERSION = 4  # is raised when the same film gets other labels
ACCURACY_WEIGHT, UNTOLD_ACCURACY_WEIGHT = 0.07, 0.03  # beside the expected text IoU
DRAWS = 300
UNTOLD_DRAWS, UNTOLD_CANDIDATES = 1000, 40  # 300 and 20 are few for a text that can be almost anywhere
_MOST_DRAWN = 100_000  # intervals of a text that is not read aloud, where that is more than DRAWS placements
_UNSEEN = {h.CUTS: 0.05, h.STEADY: 0.15, h.LOOSE: 0.15, h.PROPORTIONAL: 0.15}
_STEP, _STEPS, _STEPS_EACH, _MOST_STEPS = 0.25, 1600, 8, 4096  # seconds; of the grid
_FASTEST = 5.0  # greatest pace, as a multiple of the usual one

_Name = TypeVar("_Name", str, tuple[str, int])


def align_by_mixture(
    clips: Sequence[Interval],
    texts: Sequence[str],
    parameters: TimingParameters,
    *,
    title: str = "",
    language: str = "",
    emissions: Floats | None = None,
    text_start: float | None = None,
    text_end: float | None = None,
    most_probable_path: bool = False,
    following: float | None = None,
    constraints: Constraints | None = None,
    cues: Floats | None = None,
    told: Sequence[Observations] = (),
    lasting: Floats | None = None,
) -> TimedAlignment:
    """Align the N clips of a video with M texts in reading order.

    Args:
        clips: The intervals of the clips (N), in seconds and in order.
        texts: The texts (M) in reading order.
        parameters: The parameters of one channel, which count as far as the video looks like that channel.
        title: The title of the video, by which its channel is recognised.
        language: The language of the texts (ISO 639-1), or empty if it is unknown.
        emissions: Scores (M, N) of each clip in each snippet, where an unmatched clip has 0. They are summed
            over the clips of a snippet and multiplied by the parameters' ``emission_weight``.
        text_start: The time at which the text starts, in seconds; estimated if None.
        text_end: The time at which the text ends, in seconds; estimated if None.
        most_probable_path: Follow the most probable path of the hypothesis that weighs most instead of
            maximising the expected measures. The confidence is the posterior of the mixture in both cases.
        following: The share of films whose cuts follow their texts, if it was learned from a corpus.
        constraints: Where pins say that snippets are.
        cues: The start and the end (M, 2), in seconds, that the text itself gives each snippet; NaN where it
            does not.
        told: What else is known of the texts: evidences that exclude each other, such as the same words with
            different lags.
        lasting: How many seconds (M,) each text lasts at pace 1, where it is not as long as it takes to read.

    The result is the same in every call: placements are drawn with a fixed seed.

    Raises:
        ExtentError: The given start or end lies outside the video.
        ValueError: As :func:`~mmtool.alignment.timing.semi_markov.align_narration` does.
    """
    check_inputs(clips, texts, emissions, text_start, text_end)
    if not texts:
        return without_text(clips)
    spoken = spoken_texts(texts)
    if constraints is not None:
        spoken = [index for index in spoken if not constraints.absent[index]]
    if not spoken:
        return with_unspoken(without_text(clips), [], len(texts))
    film = _film(clips, [texts[index] for index in spoken], language)
    if lasting is not None:
        film = replace(film, video=replace(film.video, reading=lasting[spoken]))
    extent = h.Extent(text_start, text_end)
    _require_time(film.video, extent)
    chosen = None if emissions is None else emissions[spoken] * parameters.emission_weight
    odds = log_odds_of_channel(film.video.bounds / parameters.unit, title, parameters)
    hypotheses = _hypotheses(film, parameters, title, odds, extent, chosen)
    evidence = rate_evidences({n: found for n, found in hypotheses.items() if n != h.PROPORTIONAL})
    evidence[h.PROPORTIONAL] = np.zeros(1)
    evidences = _evidences(film, hypotheses, evidence, odds)
    weights, against_nothing = weigh(evidences, FOLLOWING if following is None else following)
    if constraints is not None or cues is not None:
        known = Constraints.none(len(texts)) if constraints is None else constraints
        own = known.of(spoken), None if cues is None else cues[spoken]
        hypotheses, evidence, weights = after_evidence(hypotheses, evidence, weights, *own, parameters.unit)
    if told:
        both = informed(hypotheses, evidence, weights, [e.of_snippets(spoken) for e in told], parameters.unit)
        weights, against_nothing = both.weights_by_name(), against_nothing + both.log_gain
        placed = mixed(both.hypotheses, both.evidence, both.weights)
        best = both.hypotheses[max(both.weights, key=both.weights.__getitem__)]
    else:
        placed = mixed(hypotheses, evidence, weights, draws_of(weights, len(spoken)))
        best = hypotheses[max(weights, key=weights.__getitem__)]
    if most_probable_path:
        labels = path_labels(viterbi(best.lattice)[0], best.video.cells)
    else:
        untold = weights.get(h.UNTOLD, 0.0)
        accuracy_weight = (1 - untold) * ACCURACY_WEIGHT + untold * UNTOLD_ACCURACY_WEIGHT
        candidates = UNTOLD_CANDIDATES if len(placed.drawn.first) > DRAWS else CANDIDATES
        labels = greatest_overlap(placed.drawn, placed.posterior, accuracy_weight, candidates)
    # half of the time without its pictures belongs to snippets that are never shown: they have no IoU
    expected = float(expected_iou(placed.drawn, labels).mean() * (1 + placed.seen) / 2)
    aligned = _alignment(film, labels, placed, extent, expected)
    seconds = film.video.durations
    aligned = replace(
        aligned,
        log_probability=max(
            log_sum(evidence[name]) for name in (h.CUTS, h.STEADY, h.LOOSE) if name in evidence
        ),
        mixture=MixtureEvidence(
            weights=weights,
            expected_accuracy=float(aligned.clip_confidence @ seconds / seconds.sum()),
            expected_text_iou=expected,
            against_nothing=against_nothing,
            cut_score=evidences.cut_score,
            log_ratio=evidences.log_ratio,
            language=language,
            known_pace=film.pace.known,
        ),
    )
    return aligned if len(spoken) == len(texts) else with_unspoken(aligned, spoken, len(texts))


def cut_score_of(clips: Sequence[Interval], texts: Sequence[str], language: str = "") -> float:
    """How well the cuts of a film fit its text, as :func:`~mmtool.alignment.timing.cut_test.cut_score` says.

    0 where no text is read aloud. Raises ValueError as :func:`align_by_mixture` does.
    """
    check_inputs(clips, texts, None, None, None)
    spoken = spoken_texts(texts)
    if not spoken:
        return 0.0
    film = _film(clips, [texts[index] for index in spoken], language)
    video = film.video
    lattice = h.narrated(video, film.pace, noise=h.CUT_NOISE, extent=h.Extent(), cuts=True)
    evidence = Passes(lattice).evidence()[:, 0]
    return cut_score(lattice, evidence, video.bounds, video.grid)


@dataclass(frozen=True, slots=True)
class _Film:
    """Clips, and the texts that are read aloud."""

    clips: Sequence[Interval]
    texts: Sequence[str]
    video: TimedVideo  # with the reading times at pace 1
    pace: Pace


def _film(clips: Sequence[Interval], texts: Sequence[str], language: str) -> _Film:
    times = np.array(clips, dtype=np.float64)  # (N, 2)
    bounds = np.unique(times.round(6))
    length = float(bounds[-1] - bounds[0])
    fine = int(np.ceil(length / _STEP))
    steps = min(fine, max(_STEPS, min(_STEPS_EACH * len(texts), _MOST_STEPS)))
    steps = max(steps, 4 * len(texts), 8)
    video = TimedVideo(
        bounds=bounds,
        middles=np.maximum.accumulate(times.mean(axis=1)),
        durations=times[:, 1] - times[:, 0],
        reading=seconds_of(texts, language),
        sentence_ends=np.array([ends_sentence(text) for text in texts]),
        grid=bounds[0] + np.arange(steps + 1) * (length / steps),
    )
    return _Film(clips, texts, video, pace_of(texts, language))


def _require_time(video: TimedVideo, extent: h.Extent) -> None:
    """Raise ValueError for a text that cannot be read aloud in the available time."""
    start = video.grid[0] if extent.start is None else extent.start
    end = video.grid[-1] if extent.end is None else extent.end
    needed = float(video.reading.sum())
    if needed > _FASTEST * (end - start):
        raise ValueError(
            f"the text does not fit: reading it takes about {needed:.3g} s, "
            f"but there are only {end - start:.3g} s"
        )


def _hypotheses(
    film: _Film,
    parameters: TimingParameters,
    title: str,
    odds: float,
    extent: h.Extent,
    emissions: Floats | None,
) -> dict[str, Hypothesis]:
    """All hypotheses by name; that of the channel only where its log-``odds`` let it count."""
    video, pace = film.video, film.pace
    gain = None if emissions is None else collected(emissions, video)
    lattices = {
        h.CUTS: h.narrated(video, pace, noise=h.CUT_NOISE, extent=extent, cuts=True),
        h.STEADY: h.narrated(video, pace, noise=h.STEADY_NOISE, extent=extent, cuts=False),
        h.LOOSE: h.narrated(video, pace, noise=h.LOOSE_NOISE, extent=extent, cuts=False),
        h.PROPORTIONAL: h.proportional(video, extent),
        h.UNTOLD: h.untold(video, extent),
    }
    found = {
        name: Hypothesis(name, video, replace(lattice, gain=gain), _UNSEEN.get(name, 0.0))
        for name, lattice in lattices.items()
    }
    if odds > np.log(LEAST_WEIGHT):
        theirs = timed_video(film.clips, film.texts, parameters)
        start, end = (t if t is None else t / parameters.unit for t in (extent.start, extent.end))
        lattice = timing_lattice(theirs, parameters, title, None, start, end)
        gain = None if emissions is None else collected(emissions, theirs)
        # The evidence is that of an attraction whose mean is 1. To divide the attraction itself by its mean
        # would make gaps rarer than those that the channel's parameters were estimated with.
        mean = np.log(np.exp(lattice.boundary).mean())
        lattice = replace(lattice, rates=lattice.rates - (len(film.texts) + 1) * mean, gain=gain)
        found[h.CHANNEL] = Hypothesis(h.CHANNEL, theirs, lattice)
    return found


def _evidences(
    film: _Film,
    hypotheses: Mapping[str, Hypothesis],
    evidence: Mapping[str, Floats],
    odds: float,
) -> Evidences:
    video = film.video
    length = float(video.bounds[-1] - video.bounds[0])
    return Evidences(
        log_evidence={name: log_sum(values) for name, values in evidence.items()},
        length_in_steps=length / video.step,
        log_ratio=float(np.log(length / video.reading.sum())),
        cut_score=cut_score(hypotheses[h.CUTS].lattice, evidence[h.CUTS], video.bounds, video.grid),
        channel_odds=odds,
    )


@dataclass(frozen=True, slots=True)
class Mixed:
    """The mixture's posterior (M, N), placements drawn from it, and the share of them that is seen."""

    posterior: Floats
    drawn: DrawnPlacements
    seen: float


def draws_of(weights: Mapping[str, float], snippets: int) -> int:
    """How many placements to draw: more where the text is likely not to be read aloud, and not long."""
    if weights.get(h.UNTOLD, 0.0) < 0.5:
        return DRAWS
    return max(DRAWS, min(UNTOLD_DRAWS, _MOST_DRAWN // snippets))


def mixed(
    hypotheses: Mapping[_Name, Hypothesis],
    evidence: Mapping[_Name, Floats],
    weights: Mapping[_Name, float],
    draws: int = DRAWS,
) -> Mixed:
    """Work out the hypotheses that weigh something; raises ValueError if none can place the text."""
    possible = {
        name: weight
        for name, weight in weights.items()
        if weight > LEAST_WEIGHT and np.isfinite(log_sum(evidence[name]))
    }
    if not possible:
        raise ValueError("the text does not fit into the video")
    total = sum(possible.values())
    rng = np.random.default_rng(0)
    groups = merged({name: hypotheses[name] for name in possible}, evidence, possible)
    counts = rng.multinomial(draws, np.array([weight for _, _, weight in groups]) / total)
    parts: list[Placement] = []
    posterior: Floats | float = 0.0
    for (hypothesis, logs, weight), count in zip(groups, counts, strict=True):
        part = place(hypothesis, logs, int(count), rng)
        posterior = posterior + weight / total * part.posterior
        parts.append(part)
    seen = sum(weight / total * (1 - float(hypotheses[name].unseen)) for name, weight in possible.items())
    durations = next(iter(hypotheses.values())).video.durations
    drawn = DrawnPlacements(
        first=np.concatenate([part.first for part in parts]),
        end=np.concatenate([part.end for part in parts]),
        times=np.concatenate([[0.0], np.cumsum(durations)]),
    )
    return Mixed(np.asarray(posterior), drawn, seen)


def _alignment(
    film: _Film, labels: NDArray[np.int64], placed: Mixed, extent: h.Extent, expected: float
) -> TimedAlignment:
    video, posterior = film.video, placed.posterior
    unmatched, clip_confidence, snippet_confidence = confidence_of(labels, posterior, video.durations, 1.0)
    start = video.grid[0] if extent.start is None else extent.start
    end = video.grid[-1] if extent.end is None else extent.end
    return TimedAlignment(
        labels=labels,
        posterior=posterior,
        clip_confidence=clip_confidence,
        snippet_confidence=snippet_confidence,
        unmatched=unmatched,
        candidates=likely_snippets(posterior, 1.0),
        log_probability=0.0,
        evidence=TimingEvidence(
            reading=float(video.reading.sum() * np.exp(film.pace.mean)),
            room=float(end - start),
            start=_inner_width(placed.drawn.times[placed.drawn.first[:, 0]]),
            end=_inner_width(placed.drawn.times[placed.drawn.end[:, -1]]),
        ),
        expected_iou=expected,
    )


def _inner_width(times: Floats) -> float:
    """The width of the interval that holds the inner 80 % of drawn times."""
    low, high = np.quantile(times, [0.1, 0.9])
    return float(high - low)
