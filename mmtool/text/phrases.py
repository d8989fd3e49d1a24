"""Phrases: sentences cut where a person would end a phrase, into pieces of 3 to 25 words.

For English, logistic regression gives the probability that a phrase ends at each gap between two words;
its weights, in ``phrases_en.json``, were fitted by ``examples/train_phrases.py`` to the phrases of YMS. For
other languages, phrases end at marks such as commas. In both cases dynamic programming finds the borders
with the greatest sum of (probability - threshold).
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from mmtool.text.phrase_features import CLOSERS, MARKS, gap_features
from mmtool.text.spans import Span, words_of

MIN_WORDS = 3  # a shorter sentence is a phrase of its own
MAX_WORDS = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseModel:
    """Weights of :func:`gap_features`; a gap whose probability is above ``threshold`` is worth a border."""

    weights: Mapping[str, float]
    bias: float
    threshold: float

    def with_threshold(self, threshold: float) -> "PhraseModel":
        return replace(self, threshold=threshold)

    def borders(self, words: Sequence[str]) -> list[int]:
        """Return, in order, the words of a sentence (1 to n - 1) before which a new phrase begins."""
        if len(words) < 2 * MIN_WORDS:
            return []
        weight_of = self.weights.get
        worth = []
        for features in gap_features(words):
            log_odds = self.bias + sum(weight_of(name, 0.0) for name in features)
            worth.append(1 / (1 + math.exp(-log_odds)) - self.threshold)
        return _best_cut(worth)


def phrase_spans(text: str, sentences: Iterable[Span], language: str) -> Iterator[Span]:
    """Cut the sentences of ``text`` into phrases, none of which crosses the end of a sentence."""
    borders_of = shipped_model().borders if has_model(language) else _marked_borders
    for start, end in sentences:
        words = words_of(text, start, end)
        borders = borders_of([text[a:b] for a, b in words])
        first = 0
        for border in [*borders, len(words)]:
            yield words[first][0], words[border - 1][1]
            first = border


def has_model(language: str) -> bool:
    """Whether a model finds the phrases of this language, rather than punctuation marks alone."""
    return language.split("-")[0] == "en"


@cache
def shipped_model() -> PhraseModel:
    """The English model of this package."""
    text = files("mmtool.text").joinpath("phrases_en.json").read_text(encoding="utf-8")
    content = json.loads(text)
    return PhraseModel(weights=content["weights"], bias=content["bias"], threshold=content["threshold"])


def _marked_borders(words: Sequence[str]) -> list[int]:
    marks = [word.rstrip(CLOSERS)[-1:] for word in words[:-1]]
    return _best_cut([1.0 if mark and mark in MARKS else -1.0 for mark in marks])


def _best_cut(worth: Sequence[float]) -> list[int]:
    """Choose the borders of greatest total worth that are ``MIN_WORDS`` to ``MAX_WORDS`` words apart."""
    count = len(worth) + 1
    if count < 2 * MIN_WORDS or (count <= MAX_WORDS and max(worth) <= 0):
        return []
    total = [0.0] + [-math.inf] * count  # worth of the best cut of the first i words
    last = [0] * (count + 1)  # where the last phrase of that cut begins
    for end in range(MIN_WORDS, count + 1):
        low, high = max(0, end - MAX_WORDS), end - MIN_WORDS + 1
        best = max(total[low:high])
        last[end] = total.index(best, low, high)
        total[end] = best + (worth[end - 1] if end < count else 0.0)
    borders = []
    end = count
    while last[end] > 0:
        end = last[end]
        borders.append(end)
    return borders[::-1]
