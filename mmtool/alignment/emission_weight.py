"""How much a similarity counts beside timing: the weight that does best on videos held out of training."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmtool.alignment.semi_markov import align_by_timing
from mmtool.alignment.similarity import Floats, Matches
from mmtool.alignment.timing_fit import AnnotatedVideo, fit
from mmtool.alignment.timing_parameters import TimingParameters

WEIGHTS = (0.0, 0.125, 0.25, 0.5, 1.0, 2.0)
FOLDS = 5

Score = Callable[[AnnotatedVideo, Matches], float]


@dataclass(frozen=True, slots=True)
class WeightChoice:
    """The weight, and the mean score of the held-out videos at each weight that was tried."""

    weight: float
    scores: Mapping[float, float]


def choose_weight(
    videos: Sequence[AnnotatedVideo],
    similarities: Sequence[Floats],
    base: TimingParameters,
    score: Score,
    *,
    on_video: Callable[[int], None] = lambda _: None,
) -> WeightChoice:
    """Align every video with parameters fitted on the other folds, once a weight, and compare the scores.

    Similarities (M, N) are standardised. The best weight wins only if it gains more over 0 than two
    standard errors of that gain over the videos: a similarity that says nothing gets 0. Raises
    ValueError where there are fewer than two videos, or too few annotations in the other folds.
    """
    if len(videos) < 2:
        raise ValueError("a weight for the similarity needs two annotated videos")
    scores, done = np.empty((len(videos), len(WEIGHTS))), 0
    for fold in range(min(FOLDS, len(videos))):
        held_out = range(fold, len(videos), FOLDS)
        fitted = fit([video for i, video in enumerate(videos) if i not in held_out], base)
        for i in held_out:
            scores[i] = [
                score(
                    videos[i], _matches(videos[i], similarities[i], replace(fitted, emission_weight=weight))
                )
                for weight in WEIGHTS
            ]
            done += 1
            on_video(done)
    scores = scores[np.isfinite(scores).all(axis=1)]  # a video may have nothing to be right about
    means = scores.mean(axis=0)
    best = int(means.argmax())
    gain = scores[:, best] - scores[:, 0]
    surely = gain.mean() > 2 * gain.std(ddof=1) / np.sqrt(len(scores))
    weight = WEIGHTS[best] if surely else 0.0
    return WeightChoice(weight, dict(zip(WEIGHTS, means.tolist(), strict=True)))


def _matches(video: AnnotatedVideo, similarity: Floats, parameters: TimingParameters) -> Matches:
    aligned = align_by_timing(video.clips, video.texts, parameters, title=video.title, emissions=similarity)
    return aligned.matches
