"""Parameters of the semi-Markov model for each training video, estimated without it."""

from collections.abc import Sequence

from mmtool.alignment.timing.fit import AnnotatedNarration, fit
from mmtool.alignment.timing.parameters import TimingParameters

FOLDS = 10  # one video in ten is left out at a time


def cross_fit(videos: Sequence[AnnotatedNarration], base: TimingParameters) -> list[TimingParameters]:
    """For each of U videos, the parameters estimated on the videos of the other folds.

    A network that reads the model's posterior in training must see the quality that it will have on new
    videos; parameters that include a video's own head and tail would make the posterior too good. Raises
    ValueError if the other videos of a fold have too few annotations.
    """
    folds = min(FOLDS, len(videos))
    of_fold = [
        fit([video for i, video in enumerate(videos) if i % folds != fold], base) for fold in range(folds)
    ]
    return [of_fold[i % folds] for i in range(len(videos))]
