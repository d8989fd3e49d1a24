"""Texts → token ids, with a model's own vocabulary or, for random weights, by hashing words."""

import re
from collections.abc import Sequence
from typing import Any, Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

FRAGMENT = "\ufffd"  # what a fragment of a character is decoded to
_WORD_OR_SIGN = re.compile(r"\w+|[^\w\s]")


class Tokens(Protocol):
    """Turns texts into ids that begin and end with the model's special tokens."""

    kind: str  # for the encoder's identity
    pad: int  # the id that pads a batch
    limit: int  # tokens of a text, including special ones
    pads_left: bool  # whether the model was trained with padding before the text, where it needs padding

    def __call__(self, texts: Sequence[str]) -> tuple[list[list[int]], int]:
        """Return the ids of each of M > 0 texts, and the number of texts that were cut at the limit."""
        ...

    def pieces(self, text: str) -> list[str]:
        """What the ids of a text stand for, special ones included."""
        ...

    def unknown(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """The share (M,), 0..1, of the pieces of each row that stand for nothing the vocabulary knows."""
        ...


class VocabularyTokens:
    """A tokenizer of transformers."""

    kind = "vocabulary"

    def __init__(self, tokenizer: Any, *, positions: int) -> None:
        self._tokenizer = tokenizer
        self.pad: int = tokenizer.pad_token_id
        self.pads_left: bool = tokenizer.padding_side == "left"
        self._unknown = _unknown_id(tokenizer)
        self.limit: int = min(tokenizer.model_max_length, positions)

    def __call__(self, texts: Sequence[str]) -> tuple[list[list[int]], int]:
        ids: list[list[int]] = self._tokenizer(list(texts), verbose=False)["input_ids"]
        long = [index for index, row in enumerate(ids) if len(row) > self.limit]
        for index in long:
            cut = self._tokenizer(texts[index], truncation=True, max_length=self.limit)
            ids[index] = cut["input_ids"]
        return ids, len(long)

    def pieces(self, text: str) -> list[str]:
        (row,), _ = self([text])
        return self.names(row)

    def names(self, row: Sequence[int]) -> list[str]:
        """What ids stand for."""
        pieces: list[str] = self._tokenizer.convert_ids_to_tokens(list(row))
        return pieces

    def unknown(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """The share (M,) of unknown words and of fragments of characters, special tokens not counted."""
        special = set(self._tokenizer.all_special_ids) - {self._unknown}
        shares = []
        for row in rows:
            pieces = [id for id in row if id not in special]
            shares.append(sum(map(self._is_unknown, pieces)) / len(pieces) if pieces else 0.0)
        return np.array(shares, np.float32)

    def _is_unknown(self, id: int) -> bool:
        """Vocabularies of bytes spell what they do not know by fragments of characters."""
        return id == self._unknown or FRAGMENT in self._tokenizer.decode([id])


class HashedTokens:
    """Ids of lower-cased words and punctuation marks by their CRC-32, for random weights.

    The last two ids of the vocabulary stand for begin and end. Words have those above ``pad``, or those below
    it if they are more. A word has the same id on every machine, and two words rarely share one.
    """

    kind = "hashed"
    pads_left = False

    def __init__(self, *, vocabulary: int, pad: int, positions: int) -> None:
        self.pad = pad
        self.limit = positions
        self._begin, self._end = vocabulary - 2, vocabulary - 1
        self._words = max(range(pad + 1, self._begin), range(pad), key=len)

    def __call__(self, texts: Sequence[str]) -> tuple[list[list[int]], int]:
        words = [_WORD_OR_SIGN.findall(text.lower()) for text in texts]
        kept = self.limit - 2
        ids = [[self._begin, *map(self._id, row[:kept]), self._end] for row in words]
        return ids, sum(len(row) > kept for row in words)

    def pieces(self, text: str) -> list[str]:
        words = _WORD_OR_SIGN.findall(text.lower())
        return ["[CLS]", *words[: self.limit - 2], "[SEP]"]

    def unknown(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Nothing is unknown: every word has an id."""
        return np.zeros(len(rows), np.float32)

    def _id(self, word: str) -> int:
        return self._words[crc32(word.encode()) % len(self._words)]


def _unknown_id(tokenizer: Any) -> int | None:
    """The id of unknown words, if that is all it stands for: CLIP's also ends and pads texts."""
    unknown: int | None = tokenizer.unk_token_id
    return None if unknown in (tokenizer.eos_token_id, tokenizer.pad_token_id) else unknown
