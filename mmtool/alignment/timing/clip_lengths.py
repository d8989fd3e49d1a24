"""How long the clips on either side of a cut are: a snippet rarely begins at a cut among quick ones."""

import numpy as np

from mmtool.arrays import Floats

_LONGEST = 8.0  # seconds; longer clips are as good
_SHORTEST = 0.1  # seconds; are added


def log_lengths(bounds: Floats) -> Floats:
    """The logs (N + 1, 2) of the lengths of the clips before and after each of the film's cuts (N + 1,).

    They are relative to the mean over the film; where there is no clip, at its ends, they are 0.
    """
    lengths = np.log(np.minimum(np.diff(bounds), _LONGEST) + _SHORTEST)
    lengths -= lengths.mean()
    logs = np.zeros((len(bounds), 2))
    logs[1:, 0] = logs[:-1, 1] = lengths
    return logs
