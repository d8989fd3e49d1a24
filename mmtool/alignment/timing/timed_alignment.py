"""An alignment by timing: labels, their probabilities, and what judging it needs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.quality import TimingEvidence
from mmtool.alignment.timing.minimum_risk import UNMATCHED
from mmtool.alignment.timing.mixture_evidence import MixtureEvidence
from mmtool.alignment.weak_matches import UnmatchedProbability
from mmtool.arrays import Floats
from mmtool.records import Candidates, Interval

_LEAST_LIKELY, _MOST_CANDIDATES = 0.01, 8  # limits for the candidates of a clip


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
        evidence: What the verdict on the alignment is based on; None where lengths of texts did not count.
        expected_iou: The text IoU that the posterior lets expect, 0..1.
        shared: Further matches ``(clip, snippet)``, of snippets that are told while the clip of another one
            is shown.
        mixture: What the mixture of hypotheses adds to it; None for the model of one channel by itself.
    """

    labels: NDArray[np.int64]
    posterior: Floats
    clip_confidence: Floats
    snippet_confidence: Floats
    unmatched: UnmatchedProbability
    candidates: tuple[Candidates, ...]
    log_probability: float
    evidence: TimingEvidence | None
    expected_iou: float
    mixture: MixtureEvidence | None = None
    shared: tuple[tuple[int, int], ...] = ()

    @property
    def matches(self) -> tuple[tuple[int, int], ...]:
        owned = [(clip, int(label)) for clip, label in enumerate(self.labels) if label != UNMATCHED]
        return tuple(sorted([*owned, *self.shared], key=lambda pair: pair[0]))  # the owner of a clip first


def without_text(clips: Sequence[Interval]) -> TimedAlignment:
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


def with_unspoken(aligned: TimedAlignment, spoken: list[int], count: int) -> TimedAlignment:
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


def likely_snippets(posterior: Floats, temperature: float) -> tuple[Candidates, ...]:
    """The likely snippets of each clip, likeliest first."""
    probability = _label_probability(posterior, temperature)[:-1]
    order = np.argsort(-probability, axis=0, kind="stable")[:_MOST_CANDIDATES]  # (C, N)
    return tuple(
        tuple((int(j), float(p)) for j, p in zip(best, column[best], strict=True) if p >= _LEAST_LIKELY)
        for best, column in zip(order.T, probability.T, strict=True)
    )


def path_labels(placed: NDArray[np.int64], cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """The labels (N,) of clips at grid indices ``cells`` (N,) under one placement (M, 2)."""
    owner = np.searchsorted(placed[:, 0], cells, side="right") - 1  # the last snippet that has started
    inside = (owner >= 0) & (cells < placed[owner, 1])
    return np.where(inside, owner, UNMATCHED)
