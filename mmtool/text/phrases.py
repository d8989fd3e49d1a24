"""Phrases: sentences cut where a person would end a phrase, into pieces of 3 to 25 words.

For English a logistic regression tells how likely a phrase ends at each gap between two words; its
weights are in ``phrases_en.json``, made by ``examples/train_phrases.py`` from the phrases of YMS. For other
languages phrases end at marks such as commas. Either way the cut is the one with the greatest sum of
(probability − threshold) over its borders, found by dynamic programming.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from mmtool.text.phrase_features import CLOSERS, MARKS, gap_features
from mmtool.text.spans import Span, words_of

MIN_WORDS = 3  # a sentence that is shorter stays a phrase of its own
MAX_WORDS = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseModel:
    """Weights of :func:`gap_features`; a gap with more than ``threshold`` probability is worth a border."""

    weights: Mapping[str, float]
    bias: float
    threshold: float

    def with_threshold(self, threshold: float) -> "PhraseModel":
        return replace(self, threshold=threshold)

    def borders(self, words: Sequence[str]) -> list[int]:
        """Before which words of a sentence of n, 1 … n − 1, a phrase begins; in order."""
        if len(words) < 2 * MIN_WORDS:
            return []
        weigh = self.weights.get
        worth = []
        for features in gap_features(words):
            log_odds = self.bias + sum(weigh(name, 0.0) for name in features)
            worth.append(1 / (1 + math.exp(-log_odds)) - self.threshold)
        return _best_cut(worth)


def phrase_spans(text: str, sentences: Iterable[Span], language: str) -> Iterator[Span]:
    """Cut the sentences of ``text`` into phrases; none crosses the end of a sentence."""
    borders_of = shipped_model().borders if has_model(language) else _marked_borders
    for start, end in sentences:
        words = words_of(text, start, end)
        borders = borders_of([text[a:b] for a, b in words])
        first = 0
        for border in [*borders, len(words)]:
            yield words[first][0], words[border - 1][1]
            first = border


def has_model(language: str) -> bool:
    """Whether phrases of this language are told by a model, and not by marks alone."""
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
    """Choose borders of the greatest total worth, ``MIN_WORDS`` to ``MAX_WORDS`` words apart."""
    count = len(worth) + 1
    if count < 2 * MIN_WORDS or (count <= MAX_WORDS and max(worth) <= 0):
        return []
    total = [0.0] + [-math.inf] * count  # of the best cut of the first i words
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
