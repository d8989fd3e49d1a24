"""Snippets → features by a network that reads tokens: shared by language models and CLIP's text side."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from mmtool.encoders.contract import EncoderOptions, Features, TextEncoder
from mmtool.encoders.tokens.batches import Rows, encode_in_batches, padded_batches
from mmtool.encoders.tokens.vocabulary import Tokens


class TokenEncoder(TextEncoder):
    """Encodes snippets in batches; snippets that are too long are cut and counted.

    Apart from rounding, a snippet's features do not depend on the other snippets of its text; on other
    texts they do not depend at all.
    """

    def __init__(self, options: EncoderOptions, tokens: Tokens) -> None:
        self._tokens = tokens
        self._batch_size = options.batch_size
        self.device, self._device = options.device, torch.device(options.device)

    def encode(self, texts: Sequence[str]) -> Features:
        """Encode M snippets to features (M, D)."""
        (features,) = self.encode_each([texts])
        return features

    def encode_each(self, many: Iterable[Sequence[str]]) -> Iterator[Features]:
        """Encode the snippets of each text; on a CPU, several batches are encoded at the same time."""
        return encode_in_batches(
            map(self._rows, many),
            self._features,
            self._batches,
            dimension=self.identity.dimension,
            device=self._device,
        )

    def unknown(self, texts: Sequence[str]) -> Features:
        return self._tokens.unknown(self._tokens(texts)[0]) if texts else np.zeros(0, np.float32)

    def _rows(self, texts: Sequence[str]) -> Rows:
        rows, truncated = self._tokens(texts) if texts else ([], 0)
        self.truncated += truncated
        return rows

    def _batches(self, rows: Rows) -> Iterator[list[int]]:
        """Yield the indices of rows that are encoded together."""
        return padded_batches(rows, batch_size=self._batch_size, device=self._device)

    @abstractmethod
    def _features(self, rows: Rows) -> Tensor:
        """The features (b, D) of a batch; may be called by several threads at the same time."""
