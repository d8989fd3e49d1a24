"""The words of a corpus as numbers: a vocabulary that needs no model of language."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mmtool.matching.inputs import Words
from mmtool.matching.stop_words import STOP_WORDS

PAD, FIRST, LAST, MASK, WORD = range(5)  # the numbers of special tokens, and of the first word
# a sign of Chinese or Japanese writing, which has no spaces; a word; a mark
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+|[^\w\s]")


class Pieces(Protocol):
    """Turns snippets into the numbers of their words or word pieces, between two special tokens."""

    @property
    def size(self) -> int: ...

    @property
    def mask(self) -> int:
        """The number of a masked word."""
        ...

    def rows(self, texts: Sequence[str]) -> tuple[Sequence[Words], int]:
        """The numbers, or the states, of the words of each text, and how many texts were cut."""
        ...

    def names(self, row: Words) -> list[str]:
        """What numbers stand for."""
        ...

    def unknown(self, row: Words) -> float:
        """The share, 0..1, of a row's words that the vocabulary does not know."""
        ...

    def content(self) -> NDArray[np.bool_]:
        """(V,): which numbers stand for words other than stop words and marks."""
        ...


@dataclass(frozen=True)
class Vocabulary:
    """Lower-cased words and marks of the training texts, from the most frequent on.

    An unknown word is read as a masked one, which the matcher has met in training.
    """

    words: tuple[str, ...]
    max_words: int
    mask: int = field(default=MASK, init=False)
    _numbers: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._numbers.update((word, number) for number, word in enumerate(self.words, start=WORD))

    @property
    def size(self) -> int:
        return len(self.words) + WORD

    @classmethod
    def of(cls, texts: Iterable[str], *, max_words: int) -> "Vocabulary":
        """The vocabulary of texts."""
        counts = Counter(word for text in texts for word in split_words(text))
        return cls(tuple(sorted(counts, key=lambda word: (-counts[word], word))), max_words)

    def rows(self, texts: Sequence[str]) -> tuple[list[list[int]], int]:
        words = [split_words(text) for text in texts]
        kept = self.max_words - 2
        rows = [[FIRST, *(self._numbers.get(word, MASK) for word in row[:kept]), LAST] for row in words]
        return rows, sum(len(row) > kept for row in words)

    def names(self, row: Words) -> list[str]:
        special = {PAD: "", FIRST: "[CLS]", LAST: "[SEP]", MASK: "[MASK]"}
        return [special.get(number) or self.words[number - WORD] for number in row]

    def unknown(self, row: Words) -> float:
        inside = row[1:-1]
        return sum(number == MASK for number in inside) / len(inside) if inside else 0.0

    def content(self) -> NDArray[np.bool_]:
        return np.array([False] * WORD + [is_content(word) for word in self.words])


def split_words(text: str) -> list[str]:
    """Lower-cased words and marks; each sign of Chinese or Japanese writing is one."""
    return _TOKEN.findall(text.lower())


def is_content(word: str) -> bool:
    """Whether a word is neither a stop word nor a mark."""
    return any(sign.isalnum() for sign in word) and word not in STOP_WORDS
