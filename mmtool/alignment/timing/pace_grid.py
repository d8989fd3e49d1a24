"""The paces to integrate over: equally spaced in the narration's total time, as far as the film has room."""

import numpy as np

from mmtool.alignment.timing.pace import Pace
from mmtool.arrays import Floats

_SPACING = 8.0  # seconds of the narration's total time between two paces
_COARSE = 0.4  # of the deviation of the narration's end: the spacing in long films
_CLOSE = 150.0  # seconds; narrations that leave more of the film free are spaced wider
_LEAST = 0.3  # of the film's length; shorter narrations are not narrations
_WIDE = 0.08  # of the total time: the spacing of those that leave much of the film free


def pace_grid(seconds: float, room: float, noise: float, pace: Pace) -> tuple[Floats, Floats]:
    """Paces (R,) and their log-probabilities, for a text of ``seconds`` at pace 1 in ``room`` seconds.

    ``noise`` is the deviation of one second of speech. The probabilities are those of the pace before the
    film is known; they sum to less than 1 where the film has no room for probable paces.
    """
    deviation = noise * np.sqrt(room)  # of the narration's end, given the pace
    spacing = min(max(_SPACING, _COARSE * deviation), deviation)
    least = _LEAST * room
    totals = list(np.arange(room + 3 * deviation, max(room - _CLOSE, least), -spacing))
    while totals[-1] > least:
        totals.append(max(totals[-1] - max(spacing, _WIDE * totals[-1]), least))
    logs = np.log(np.array(totals[::-1]) / seconds)
    edges = np.concatenate([logs[:1], (logs[1:] + logs[:-1]) / 2, logs[-1:]])
    scores: Floats = np.log(pace.density(logs) * np.diff(edges) + 1e-300)
    return np.exp(logs), scores
