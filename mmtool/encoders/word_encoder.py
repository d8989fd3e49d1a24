"""Snippets → features pooled over words: what BERT-family models and LXMERT's language side share."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from mmtool.choices import EncoderPrecision, Pooling
from mmtool.encoders.contract import EncoderIdentity, Features
from mmtool.encoders.convolutions import quickened
from mmtool.encoders.precision import DTYPES, precision_settings
from mmtool.encoders.token_batches import encode_rows, pool
from mmtool.encoders.tokens import Tokens


class LanguageModel(Protocol):
    """A network of transformers in evaluation mode, its tokens, and what names both."""

    @property
    def network(self) -> Any: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def weights(self) -> str: ...
    @property
    def architecture(self) -> str: ...


class WordEncoder(ABC):
    """Pools the word features of a language model; snippets that are too long are cut and counted."""

    def __init__(
        self,
        *,
        name: str,
        loaded: LanguageModel,
        pooling: Pooling,
        batch_size: int,
        precision: EncoderPrecision,
        device: str,
    ) -> None:
        self._device, self._dtype = torch.device(device), DTYPES[precision]
        self._network = quickened(loaded.network.to(self._device, self._dtype))
        self._tokens = loaded.tokens
        self._pooling = pooling
        self._batch_size = batch_size
        self.truncated = 0
        self.identity = EncoderIdentity(
            name=name,
            model=loaded.architecture,
            weights=loaded.weights,
            dimension=loaded.network.config.hidden_size,
            settings={
                "pooling": pooling.value,
                "tokens": loaded.tokens.kind,
                "max_tokens": loaded.tokens.limit,
                **precision_settings(precision),
            },
        )

    def encode(self, texts: Sequence[str]) -> Features:
        """Encode M snippets to features (M, D); a snippet's do not depend on the others, but for rounding."""
        rows, truncated = self._tokens(texts) if texts else ([], 0)
        self.truncated += truncated
        return encode_rows(
            rows,
            self._features,
            dimension=self.identity.dimension,
            pad=self._tokens.pad,
            batch_size=self._batch_size,
            device=self._device,
        )

    @torch.inference_mode()
    def _features(self, tokens: Tensor, real: Tensor | None) -> Tensor:
        return pool(self._words(tokens, real), real, self._pooling)

    @abstractmethod
    def _words(self, tokens: Tensor, real: Tensor | None) -> Tensor:
        """Tokens (b, L), and which of them are real where not all are, → word features (b, L, D)."""
