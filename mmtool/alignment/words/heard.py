"""The words of a text that were heard in a film, with the times at which they were said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.words.forms import Form, forms_of
from mmtool.alignment.words.likeness import NATS
from mmtool.alignment.words.loops import loops
from mmtool.alignment.words.ordered import WordMatch, opening_cost, ordered_matches
from mmtool.arrays import Floats
from mmtool.records import Transcript

Indices = NDArray[np.int64]

SURE = 0.5  # confidence of a word that counts
_NEIGHBOURS = 6  # written words on either side that support a match
_DOUBT, _SOFTNESS = 6.0, 2.0  # nats
_LEAST_SHARE = 0.12  # of the words of the text, or of the transcript, that must match
_FEWEST = 3.0  # words


class TimedForm(NamedTuple):
    """A word as it is compared, and the seconds ``[start, end)`` in which it was heard."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardWords:
    """The K written words of a text that were heard, in order.

    Attributes:
        snippet: The snippet (K,) of each word.
        before: The share (K,) of the snippet's characters before the word.
        after: The share (K,) of its characters after the word.
        start: The second (K,) at which the word begins to be said.
        end: The second (K,) at which it ends.
        nats: What each match (K,) says: more for rare words, less for words spelled differently.
        confidence: The probability (K,) that the match is not by chance: great for rare words, long runs, and
            neighbours that match as well.
        forms: The words (K) as they were heard.
        rest: The words (L) that match nothing.
        words_of: How many words each of the M snippets has.
        spoken: How many words were heard.
        looping: How many of those were repetitions of a recogniser that went round in circles; left out.
    """

    snippet: Indices
    before: Floats
    after: Floats
    start: Floats
    end: Floats
    nats: Floats
    confidence: Floats
    forms: tuple[TimedForm, ...]
    rest: tuple[TimedForm, ...]
    words_of: Indices
    spoken: int
    looping: int = 0

    @property
    def other(self) -> Floats:
        """The seconds (L,) at which words that match nothing begin to be said."""
        return np.array([form.start for form in self.rest], dtype=np.float64)

    @property
    def written(self) -> int:
        """How many words the text has."""
        return int(self.words_of.sum())

    @property
    def count(self) -> int:
        """How many words match, rounded from the sum of the confidences."""
        return round(float(self.confidence.sum()))

    @property
    def snippets(self) -> set[int]:
        """The snippets of which words were heard, chance matches aside."""
        return set(self.snippet[self.confidence > SURE].tolist())

    @property
    def tells(self) -> bool:
        """Whether enough words match for a transcript of this film; words match by chance in any other."""
        fewer = min(self.written, self.spoken - self.looping)
        return float(self.confidence.sum()) >= max(_FEWEST, _LEAST_SHARE * fewer)


def heard_words(texts: Sequence[str], transcript: Transcript, language: str = "") -> HeardWords:
    """Match the words of the texts (M), in reading order, with those of a transcript.

    Args:
        texts: The texts of the snippets.
        transcript: What was heard.
        language: The language of the texts (ISO 639-1), for numbers; empty if it is unknown.
    """
    return match_words(texts, _timed_forms(transcript, language), language)


def match_words(
    texts: Sequence[str], times: Sequence[TimedForm], language: str = "", *, opening: float | None = None
) -> HeardWords:
    """The same with words in the form in which they are compared.

    ``opening`` is the cost of a run of matches in nats, by default what makes chance matches rare among all
    of these words.
    """
    places = [
        (number, form, max(len(text), 1))
        for number, text in enumerate(texts)
        for form in forms_of(text, language)
    ]
    written, spoken = [form.text for _, form, _ in places], [form.text for form in times]
    circling = loops(spoken, written)
    kept = np.flatnonzero(~circling)
    cost = opening_cost(max(len(kept), 1)) if opening is None else round(opening * NATS)
    matches = ordered_matches(written, [spoken[index] for index in kept], cost)
    unmatched = np.delete(kept, [match.spoken for match in matches])
    found = [(places[match.written], times[kept[match.spoken]]) for match in matches]
    return HeardWords(
        snippet=np.array([number for (number, _, _), _ in found], dtype=np.int64),
        before=np.array([form.start / length for (_, form, length), _ in found], dtype=np.float64),
        after=np.array([1 - form.end / length for (_, form, length), _ in found], dtype=np.float64),
        start=np.array([form.start for _, form in found], dtype=np.float64),
        end=np.array([form.end for _, form in found], dtype=np.float64),
        nats=np.array([match.nats for match in matches], dtype=np.float64),
        confidence=_confidence(matches, cost / NATS),
        forms=tuple(form for _, form in found),
        rest=tuple(times[index] for index in unmatched.tolist()),
        words_of=np.bincount(np.array([n for n, _, _ in places], dtype=np.int64), minlength=len(texts)),
        spoken=len(spoken),
        looping=int(circling.sum()),
    )


def _timed_forms(transcript: Transcript, language: str) -> list[TimedForm]:
    """The forms of what was heard with their seconds; several forms of one word share its time."""
    timed = []
    for word in transcript.words:
        forms: list[Form] = forms_of(word.text, language)
        each = (word.end - word.start) / max(len(forms), 1)
        timed += [
            TimedForm(form.text, word.start + number * each, word.start + (number + 1) * each)
            for number, form in enumerate(forms)
        ]
    return timed


def _confidence(matches: Sequence[WordMatch], opening: float) -> Floats:
    """The probabilities (K,), from what each match and its neighbours in the run say beyond chance."""
    if not matches:
        return np.zeros(0)
    run = np.array([match.run for match in matches])
    place = np.array([match.written for match in matches], dtype=np.float64)
    total = np.concatenate([[0.0], np.cumsum([match.nats for match in matches])])
    key = place + run * (place[-1] + 4 * _NEIGHBOURS)  # runs lie farther apart than neighbours
    first = np.searchsorted(key, key - _NEIGHBOURS)
    last = np.searchsorted(key, key + _NEIGHBOURS, side="right")
    support = total[last] - total[first]
    return np.asarray(1 / (1 + np.exp(-(support - opening - _DOUBT) / _SOFTNESS)))
