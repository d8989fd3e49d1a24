"""The weight of a similarity beside timing: the one that is best on videos held out of training."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mmtool.alignment.similarity.confidence import Matches
from mmtool.alignment.timing.best_weight import WeightChoice, best_weight
from mmtool.alignment.timing.fit import AnnotatedNarration, fit
from mmtool.alignment.timing.parameters import TimingParameters
from mmtool.alignment.timing.semi_markov import align_narration
from mmtool.arrays import Floats

WEIGHTS = (0.0, 0.125, 0.25, 0.5, 1.0, 2.0)
FOLDS = 5

Score = Callable[[AnnotatedNarration, Matches], float]


def choose_weight(
    videos: Sequence[AnnotatedNarration],
    similarities: Sequence[Floats],
    base: TimingParameters,
    score: Score,
    *,
    on_video: Callable[[int], None] = lambda _: None,
) -> WeightChoice:
    """Align every video with each weight, with parameters fitted on the other folds, and compare the scores.

    Similarities (M, N) are standardised. The best weight is chosen only if its gain over 0 exceeds two
    standard errors of that gain over the videos, so that an uninformative similarity gets 0. Raises
    ValueError for fewer than two videos, or too few annotations in the other folds.
    """
    if len(videos) < 2:
        raise ValueError("choosing a weight for the similarity needs two annotated videos")
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
    return best_weight(WEIGHTS, scores)


def _matches(video: AnnotatedNarration, similarity: Floats, parameters: TimingParameters) -> Matches:
    aligned = align_narration(video.clips, video.texts, parameters, title=video.title, emissions=similarity)
    return aligned.matches
