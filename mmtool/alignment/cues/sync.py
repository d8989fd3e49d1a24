"""Cues against speech: the offset and the rate between the times of a text and a film that is heard.

Where speech is, cues should be. Both become a signal over time; the offset at which they agree best is the
peak of their correlation, at each usual ratio of frame rates, as programs that synchronise subtitles do.
Which words are said does not count, so that the text may be in another language than the speech.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mmtool.arrays import Floats
from mmtool.records import Interval

_STEP = 0.05  # seconds
_FILMS = (24000 / 1001, 24.0, 25.0)  # frame rates that films are transferred between
RATES = (1.0, *(b / a for a in _FILMS for b in _FILMS if a != b))  # film seconds per second of cues
_LEAST = 0.3  # correlation from which an agreement counts
_BETTER = 0.1  # by which it must exceed that of the times as they are
_USUAL = 1.1  # times that another rate must be better than none
_CLEAR = 1.25  # times the best correlation at another offset
_APART = 3.0  # seconds between offsets that are different
_SAME = 0.3  # seconds; a smaller offset is left alone
_FEWEST = 8  # cues


class Shift(NamedTuple):
    """The time in the film is ``rate`` times that of the cue plus ``offset`` seconds."""

    offset: float
    rate: float

    def of(self, times: Floats) -> Floats:
        moved: Floats = times * self.rate + self.offset
        return moved


def find_shift(cues: Floats, speech: Sequence[Interval], film: Interval) -> Shift | None:
    """How cues (M, 2) must be moved to lie where somebody speaks.

    Returns:
        The shift; None where the cues lie there already, or nowhere clearly better.
    """
    from scipy.signal import fftconvolve  # only films with a transcript need it

    known = cues[~np.isnan(cues[:, 0])]
    if len(known) < _FEWEST or len(speech) < _FEWEST:
        return None
    said = _signal(np.array(speech, dtype=np.float64), film.end)
    found: list[tuple[float, Shift]] = []
    as_it_is = 0.0
    for rate in RATES:
        told = _signal(known * rate, float(known.max()) * rate + _STEP)
        correlation = fftconvolve(said, told[::-1]) / (np.linalg.norm(said) * np.linalg.norm(told) + 1e-9)
        zero = len(told) - 1  # where neither is moved
        best = int(correlation.argmax())
        shift = Shift((best - zero) * _STEP, rate)
        others = np.abs(np.arange(len(correlation)) - best) > _APART / _STEP
        if correlation[best] >= _CLEAR * correlation[others].max(initial=0.0):
            found.append((float(correlation[best]), shift))
        if rate == 1.0:
            near = int(_SAME / _STEP)
            as_it_is = float(correlation[max(0, zero - near) : zero + near + 1].max(initial=0.0))
    if not found:
        return None
    score, shift = max(found, key=lambda one: one[0] * (_USUAL if one[1].rate == 1 else 1.0))
    if score < max(_LEAST, as_it_is + _BETTER) or (shift.rate == 1.0 and abs(shift.offset) <= _SAME):
        return None
    return shift


def _signal(intervals: Floats, end: float) -> Floats:
    """1 within intervals (K, 2) and 0 elsewhere, minus the mean, at every step up to ``end``."""
    steps = max(1, int(np.ceil(end / _STEP)))
    change = np.zeros(steps + 1)
    first, last = (
        np.clip(np.round(intervals[:, side] / _STEP).astype(np.int64), 0, steps) for side in (0, 1)
    )
    np.add.at(change, first, 1.0)
    np.add.at(change, last, -1.0)
    covered = (np.cumsum(change)[:-1] > 0).astype(np.float64)
    signal: Floats = covered - covered.mean()
    return signal
