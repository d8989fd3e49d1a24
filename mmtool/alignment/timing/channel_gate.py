"""Whether a video looks like those that the parameters were learned from: its logos and its title."""

import numpy as np

from mmtool.alignment.timing.extent import shared_cuts, side_views, title_words
from mmtool.alignment.timing.parameters import TimingParameters
from mmtool.arrays import Floats

# Twice as steep as the logistic regression of videos of the channel against other channels and shuffled
# cuts: the two kinds are told apart without error, which a regression with a penalty understates.
_CONSTANT, _CUTS, _TITLE = -15.3, 14.2, 12.0


def log_odds_of_channel(bounds: Floats, title: str, parameters: TimingParameters) -> float:
    """The log-odds that a video with cuts at ``bounds`` (N + 1,) is of the parameters' channel.

    −∞ for parameters without training videos.
    """
    if not parameters.titles:
        return -np.inf
    sides = parameters.head, parameters.tail
    head, tail = (
        shared_cuts(view, side) for view, side in zip(side_views(bounds), sides, strict=True)
    )  # (U,) each
    known = frozenset(word for words in parameters.titles for word in words)
    words = title_words(title) & known
    overlap = max(len(words & set(other)) / max(1, len(words | set(other))) for other in parameters.titles)
    return float(_CONSTANT + _CUTS * (head + tail).max() + _TITLE * overlap**2)
