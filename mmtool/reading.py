"""Counts of everything in a text that takes time to read aloud."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_VOWELS = re.compile(r"[aeiouy]+")
_SENTENCE_END = re.compile(r"[.!?…]+(?=[\"'”’»)\]]*(?:\s|$))")


class TextCounts(NamedTuple):
    """Counts of one text."""

    syllables: int
    words: int
    characters: int  # a run of white space counts as one; white space at the ends does not count
    letters: int
    pauses: int  # commas, semicolons, colons
    sentence_ends: int  # a run such as ``?!`` or ``...`` before white space counts as one
    digits: int
    capitals: int  # capitalised words other than the first, such as names
    acronyms: int


@lru_cache(maxsize=2**14)  # cross-fitting counts the same texts many times
def count(text: str) -> TextCounts:
    """Count syllables, words, characters and everything else in :class:`TextCounts`."""
    words = _WORD.findall(text)
    return TextCounts(
        syllables=sum(syllables(word) for word in words),
        words=len(words),
        characters=len(" ".join(text.split())),
        letters=sum(c.isalpha() for c in text),
        pauses=sum(c in ",;:" for c in text),
        sentence_ends=len(_SENTENCE_END.findall(text)),
        digits=sum(c.isdigit() for c in text),
        capitals=sum(word[0].isupper() for word in words[1:]),
        acronyms=sum(len(word) > 1 and word.isalpha() and word.isupper() for word in words),
    )


def syllables(word: str) -> int:
    """Count the groups of vowels (a e i o u y, with or without accents), including silent ones.

    A word with letters has at least one syllable; a number in digits has none.
    """
    bare = "".join(c for c in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(c))
    if not any(c.isalpha() for c in bare):
        return 0
    return max(1, len(_VOWELS.findall(bare)))


def ends_sentence(text: str) -> bool:
    """Whether the last sentence of the text is complete."""
    return text.rstrip(" \t\r\n\"'”’»)]")[-1:] in tuple(".!?…")
