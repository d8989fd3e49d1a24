"""The text IoU to expect of an alignment, from the posterior of its labels."""

import numpy as np
from numpy.typing import NDArray

from mmtool.arrays import Floats


def expected_iou(labels: NDArray[np.int64], posterior: Floats, durations: Floats) -> float:
    """The mean over the snippets of the IoU, 0..1, of the clips that each was given with those it has.

    Of each snippet, the ratio of the expected intersection and the expected union; a snippet counts with
    the probability that it has a clip, because text IoU leaves out those that have none. 0 if none has any.

    Args:
        labels: The snippet of each clip (N,), negative for none.
        posterior: The probability (M, N) that each clip belongs to each snippet.
        durations: The durations of the clips (N,).
    """
    given = labels == np.arange(len(posterior))[:, None]  # (M, N)
    seconds = posterior * durations
    shared = (seconds * given).sum(axis=1)
    united = given @ durations + seconds.sum(axis=1) - shared
    ious = shared / np.where(united > 0, united, 1.0)
    weight = np.minimum(posterior.sum(axis=1), 1.0)
    return float(weight @ ious / weight.sum()) if weight.sum() else 0.0
