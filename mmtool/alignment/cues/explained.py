"""How well cues explain, at many offsets, where somebody speaks in a film and which words are heard."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmtool.arrays import Floats
from mmtool.records import Interval

_SAID_IN_CUE, _SAID_BETWEEN, _SAID_OUTSIDE = 0.8, 0.12, 0.02  # probabilities of speech; outside of the film
_OBSERVED = 1.0  # seconds of film that say as much as one independent observation
_LONGEST_BREAK = 0.5  # seconds between words that are said together
_LONGEST_GAP = 6.0  # seconds after a cue, without another, that say something
_ERROR = 0.5  # seconds; scale of Student's t with 3 degrees of freedom, of a word within its cue
_MASS = np.pi * 3**0.5 / 2  # integral of (1 + x² / 3)⁻²
_NEAR = 15.0  # seconds; a word says nothing about offsets that are farther from it
_MOST_WORDS = 6  # of a cue that count
_ANYWHERE = 3600.0  # seconds in which a word lies that matches by chance


class WordsOfCues(NamedTuple):
    """W words of cues that were heard.

    ``cue`` (W,) is the cue of each, ``later`` (W,) by how many seconds it was heard later than its cue says,
    and ``confidence`` (W,) the probability that this is not by chance.
    """

    cue: NDArray[np.int64]
    later: Floats
    confidence: Floats

    def reordered(self, order: NDArray[np.int64]) -> "WordsOfCues":
        """The same words for cues in another order (K,)."""
        return self._replace(cue=np.argsort(order)[self.cue])


class Explained:
    """The nats by which cues (K, 2), in order, explain speech better than chance, at O offsets.

    Where a cue is, somebody speaks, and in the gap after it nobody does. ``offsets`` are evenly spaced.
    """

    def __init__(
        self,
        cues: Floats,
        speech: Sequence[Interval],
        film: Interval,
        offsets: Floats,
        words: WordsOfCues | None = None,
    ) -> None:
        self.offsets = offsets
        self._cues = cues
        self._step = float(offsets[1] - offsets[0])
        self._start = float(cues.min() + offsets[0])
        last = float(cues.max()) + _LONGEST_GAP + float(offsets[-1])
        steps = int(np.ceil((last - self._start) / self._step)) + 2
        self._inside, self._between = self._summed(speech, film, steps)
        self._words = [np.zeros((0, 2))] * len(cues)
        for cue in () if words is None else np.unique(words.cue).tolist():
            own = np.flatnonzero(words.cue == cue)  # type: ignore[union-attr]
            own = own[np.argsort(-words.confidence[own], kind="stable")][:_MOST_WORDS]  # type: ignore[union-attr]
            self._words[cue] = np.stack([words.later[own], words.confidence[own]], axis=1)  # type: ignore[union-attr]

    def _summed(self, speech: Sequence[Interval], film: Interval, steps: int) -> tuple[Floats, Floats]:
        """The nats of being in a cue, and between cues, summed up to each step."""
        change = np.zeros(steps + 1)
        for start, end in _joined(speech):
            change[self._at(start, steps)] += 1
            change[self._at(end, steps)] -= 1
        said = np.cumsum(change)[:-1] > 0
        within = np.zeros(steps, dtype=np.bool_)
        within[self._at(film.start, steps) : self._at(film.end, steps)] = True
        usual = float(np.clip(said[within].mean() if within.any() else 0.5, 0.05, 0.95))
        weight = self._step / _OBSERVED

        def summed(share: float, outside: float) -> Floats:
            nats = np.where(said, np.log(share / usual), np.log((1 - share) / (1 - usual)))
            return np.concatenate([[0.0], np.cumsum(weight * np.where(within, nats, outside))])

        return summed(_SAID_IN_CUE, np.log(_SAID_OUTSIDE)), summed(_SAID_BETWEEN, 0.0)

    def _at(self, time: float, steps: int) -> int:
        return min(max(round((time - self._start) / self._step), 0), steps)

    def by(self, cue: int) -> Floats:
        """The nats (O,) by which a cue and the gap after it explain the film better, at each offset."""
        start, end = self._cues[cue].tolist()
        following = float(self._cues[cue + 1, 0]) if cue + 1 < len(self._cues) else end
        gap_end = min(max(following, end), end + _LONGEST_GAP)
        count = len(self.offsets)
        first, last, stop = (
            round((time + float(self.offsets[0]) - self._start) / self._step)
            for time in (start, end, gap_end)
        )
        nats = self._inside[last : last + count] - self._inside[first : first + count]
        nats += self._between[stop : stop + count] - self._between[last : last + count]
        for later, confidence in self._words[cue].tolist():
            near = slice(*np.searchsorted(self.offsets, (later - _NEAR, later + _NEAR)).tolist())
            error = (self.offsets[near] - later) / _ERROR
            density = (1 + error**2 / 3) ** -2.0 / (_ERROR * _MASS)
            by_chance = np.log(1 - confidence)
            nats += by_chance
            nats[near] += np.log(1 - confidence + confidence * density * _ANYWHERE) - by_chance
        return nats


def _joined(speech: Sequence[Interval]) -> list[tuple[float, float]]:
    """What is said, without the short breaks between words."""
    joined: list[tuple[float, float]] = []
    for start, end in sorted((word.start, word.end) for word in speech):
        if joined and start - joined[-1][1] <= _LONGEST_BREAK:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined
