"""How long a narrator takes to read a text aloud, from what can be counted in it."""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

COUNTS = (
    "snippets",  # always 1: the pause that each snippet brings
    "syllables",
    "letters",
    "pauses",  # commas, semicolons, colons
    "sentence_ends",
    "digits",
    "capitals",  # words after the first with a capital: names
    "acronyms",
)

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_VOWELS = re.compile(r"[aeiouy]+")
_SENTENCE_END = re.compile(r"[.!?…]+(?=[\"'”’»)\]]*(?:\s|$))")


def reading_counts(texts: Sequence[str]) -> NDArray[np.float64]:
    """Count what takes time in each of M texts: (M, 8), in the order of :data:`COUNTS`."""
    return np.array([_row(text) for text in texts], dtype=np.float64).reshape(-1, len(COUNTS))


def ends_sentence(text: str) -> bool:
    """Whether the text's last sentence ends with it."""
    return text.rstrip(" \t\r\n\"'”’»)]")[-1:] in tuple(".!?…")


def _row(text: str) -> tuple[int, ...]:
    words = _WORD.findall(text)
    return (
        1,
        sum(_syllables(word) for word in words),
        sum(c.isalpha() for c in text),
        sum(c in ",;:" for c in text),
        len(_SENTENCE_END.findall(text)),
        sum(c.isdigit() for c in text),
        sum(word[0].isupper() for word in words[1:]),
        sum(len(word) > 1 and word.isalpha() and word.isupper() for word in words),
    )


def _syllables(word: str) -> int:
    """Groups of vowels, whatever their accents; a word with letters has at least one."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(c))
    return max(1, len(_VOWELS.findall(bare))) if any(c.isalpha() for c in bare) else 0
