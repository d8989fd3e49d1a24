"""Parameters of the semi-Markov model for each training video, estimated without it."""

from collections.abc import Sequence

from mmtool.alignment.timing.fit import AnnotatedNarration, fit
from mmtool.alignment.timing.parameters import TimingParameters

FOLDS = 10  # a video in so many is left out at a time


def cross_fit(videos: Sequence[AnnotatedNarration], base: TimingParameters) -> list[TimingParameters]:
    """For each of U videos the parameters that the videos of the other folds give.

    A network that reads the model's posterior in training must see it as good as it will be on new
    videos; parameters that know a video's own head and tail would make it too good. Raises ValueError
    where a fold's other videos have nothing to learn from.
    """
    folds = min(FOLDS, len(videos))
    of_fold = [
        fit([video for i, video in enumerate(videos) if i % folds != fold], base) for fold in range(folds)
    ]
    return [of_fold[i % folds] for i in range(len(videos))]
