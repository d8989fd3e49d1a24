"""Texts → token ids, with a model's own vocabulary or, for random weights, by hashing words."""

import re
from collections.abc import Sequence
from typing import Any, Protocol
from zlib import crc32

_WORD_OR_SIGN = re.compile(r"\w+|[^\w\s]")


class Tokens(Protocol):
    """Turns texts into ids that begin and end with the model's special tokens."""

    kind: str  # for the encoder's identity
    pad: int  # the id that pads a batch
    limit: int  # tokens of a text, including special ones

    def __call__(self, texts: Sequence[str]) -> tuple[list[list[int]], int]:
        """Return the ids of each of M > 0 texts, and the number of texts that were cut at the limit."""
        ...


class VocabularyTokens:
    """A tokenizer of transformers."""

    kind = "vocabulary"

    def __init__(self, tokenizer: Any, *, positions: int) -> None:
        self._tokenizer = tokenizer
        self.pad: int = tokenizer.pad_token_id
        self.limit: int = min(tokenizer.model_max_length, positions)

    def __call__(self, texts: Sequence[str]) -> tuple[list[list[int]], int]:
        ids: list[list[int]] = self._tokenizer(list(texts), verbose=False)["input_ids"]
        long = [index for index, row in enumerate(ids) if len(row) > self.limit]
        for index in long:
            cut = self._tokenizer(texts[index], truncation=True, max_length=self.limit)
            ids[index] = cut["input_ids"]
        return ids, len(long)


class HashedTokens:
    """Ids of lower-cased words and punctuation marks by their CRC-32, for random weights.

    The last two ids of the vocabulary stand for begin and end, and ids up to ``pad`` are not used. A word has
    the same id on every machine, and two words rarely share one.
    """

    kind = "hashed"

    def __init__(self, *, vocabulary: int, pad: int, positions: int) -> None:
        self.pad = pad
        self.limit = positions
        self._first, self._begin, self._end = pad + 1, vocabulary - 2, vocabulary - 1

    def __call__(self, texts: Sequence[str]) -> tuple[list[list[int]], int]:
        words = [_WORD_OR_SIGN.findall(text.lower()) for text in texts]
        kept = self.limit - 2
        ids = [[self._begin, *map(self._id, row[:kept]), self._end] for row in words]
        return ids, sum(len(row) > kept for row in words)

    def _id(self, word: str) -> int:
        return self._first + crc32(word.encode()) % (self._begin - self._first)
