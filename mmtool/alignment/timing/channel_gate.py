"""Whether a video looks like those that the parameters were learned from: its logos and its title."""

import numpy as np

from mmtool.alignment.timing.extent import shared_cuts, side_views, title_words
from mmtool.alignment.timing.parameters import TimingParameters
from mmtool.arrays import Floats

_CONSTANT, _CUTS, _TITLE = -7.4, 7.1, 6.0  # logistic regression; negatives: other channels, shuffled cuts


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
