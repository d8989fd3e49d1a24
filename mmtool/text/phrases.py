"""Phrases: sentences cut at the borders of clauses into pieces of a handy length.

Each gap between two words has a price, low at the border of a clause and high elsewhere, and each phrase
one that grows with the square of its distance from ``IDEAL_WORDS``. The cheapest cut wins, found by
dynamic programming.
"""

import math

from mmtool.text.english import CLAUSE_OPENERS
from mmtool.text.sentences import split_sentences

MIN_WORDS = 3  # a sentence that is shorter stays a phrase of its own
MAX_WORDS = 25
IDEAL_WORDS = 7

_CLAUSE_PRICE = 0.0
_LIKELY_PRICE = 0.5
_INSIDE_PRICE = 8.0  # dearer than a phrase of MAX_WORDS, so clauses are broken only beyond that

_STRONG_MARKS = frozenset(";；–—-")
_WEAK_MARKS = frozenset(",،，、:：")
_CLOSERS = "\"'”’)]»"
_OPENERS = "\"'“‘([«"


def split_phrases(text: str) -> list[str]:
    """Split ``text`` into phrases of 3 to 25 words that end where a clause does, if one does.

    No phrase crosses the end of a sentence. Joined by single spaces the phrases are the text with its white
    space collapsed.
    """
    return [phrase for sentence in split_sentences(text) for phrase in _cut(sentence.split())]


def _cut(words: list[str]) -> list[str]:
    count = len(words)
    if count < MIN_WORDS:
        return [" ".join(words)]
    price = [0.0] + [math.inf] * count  # of the cheapest cut of the first i words
    last_start = [0] * (count + 1)  # where the last phrase of that cut begins
    for end in range(MIN_WORDS, count + 1):
        starts = range(max(0, end - MAX_WORDS), end - MIN_WORDS + 1)
        offers = ((price[start] + _length_price(end - start), start) for start in starts)
        price[end], last_start[end] = min(offers)
        if end < count:
            price[end] += _gap_price(words[end - 1], words[end])

    phrases = []
    end = count
    while end > 0:
        phrases.append(" ".join(words[last_start[end] : end]))
        end = last_start[end]
    return phrases[::-1]


def _length_price(words: int) -> float:
    return (words / IDEAL_WORDS - 1) ** 2


def _gap_price(before: str, after: str) -> float:
    mark = before.rstrip(_CLOSERS)[-1:]
    after = after.lower().strip(_OPENERS + ",")
    opens_clause = after in CLAUSE_OPENERS
    if mark in _STRONG_MARKS or (mark in _WEAK_MARKS and (opens_clause or _is_participle(after))):
        return _CLAUSE_PRICE
    if mark in _WEAK_MARKS or opens_clause:
        return _LIKELY_PRICE
    return _INSIDE_PRICE


def _is_participle(word: str) -> bool:
    """Tell "killing" and "leaving" by their look; "king" and "thing" are too short."""
    return len(word) > 5 and word.endswith("ing")
