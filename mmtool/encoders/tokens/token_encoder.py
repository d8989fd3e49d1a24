"""Snippets → features by a network that reads tokens: what language models and CLIP's text side share."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from mmtool.encoders.contract import Features, TextEncoder
from mmtool.encoders.tokens.batches import Rows, encode_in_batches, padded_batches
from mmtool.encoders.tokens.vocabulary import Tokens


class TokenEncoder(TextEncoder):
    """Encodes snippets in batches; those that are too long are cut and counted.

    A snippet's features do not depend on the others of its text, but for rounding, and not at all on
    other texts.
    """

    def __init__(self, *, tokens: Tokens, batch_size: int, device: torch.device) -> None:
        self._tokens = tokens
        self._batch_size = batch_size
        self._device = device

    def encode(self, texts: Sequence[str]) -> Features:
        """Encode M snippets to features (M, D)."""
        (features,) = self.encode_each([texts])
        return features

    def encode_each(self, many: Iterable[Sequence[str]]) -> Iterator[Features]:
        """Encode the snippets of each text; on a CPU, batches of several texts are encoded at a time."""
        return encode_in_batches(
            map(self._rows, many),
            self._features,
            self._batches,
            dimension=self.identity.dimension,
            device=self._device,
        )

    def _rows(self, texts: Sequence[str]) -> Rows:
        rows, truncated = self._tokens(texts) if texts else ([], 0)
        self.truncated += truncated
        return rows

    def _batches(self, rows: Rows) -> Iterator[list[int]]:
        """Indices of the rows that are encoded together."""
        return padded_batches(rows, batch_size=self._batch_size, device=self._device)

    @abstractmethod
    def _features(self, rows: Rows) -> Tensor:
        """The features (b, D) of a batch; several threads may ask at a time."""
