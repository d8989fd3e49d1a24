"""Snippets → features pooled over words: shared by BERT-family models and LXMERT's language side."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from mmtool.choices import Pooling
from mmtool.encoders.contract import EncoderIdentity, EncoderOptions, Features
from mmtool.encoders.kernels.convolutions import optimised
from mmtool.encoders.precision import DTYPES, exact_fp32, precision_settings
from mmtool.encoders.tokens.batches import Rows, padded, pool
from mmtool.encoders.tokens.token_encoder import TokenEncoder
from mmtool.encoders.tokens.vocabulary import Tokens


class LanguageModel(Protocol):
    """A transformers network in evaluation mode, its tokens, and what identifies them."""

    @property
    def network(self) -> Any: ...
    @property
    def tokens(self) -> Tokens: ...
    @property
    def weights(self) -> str: ...
    @property
    def architecture(self) -> str: ...


class WordEncoder(TokenEncoder):
    """Pools the word features of a language model."""

    reads = frozenset({"weights", "model", "pooling"})
    runs_on_mps = True

    def __init__(
        self, options: EncoderOptions, loaded: LanguageModel, *, name: str, pooling: Pooling
    ) -> None:
        super().__init__(options, loaded.tokens)
        self._dtype = DTYPES[options.precision]
        self._network = optimised(loaded.network.to(self._device, self._dtype))
        self._pooling = pooling
        self.identity = EncoderIdentity(
            name=name,
            model=loaded.architecture,
            weights=loaded.weights,
            dimension=loaded.network.config.hidden_size,
            settings={
                "pooling": pooling.value,
                "tokens": loaded.tokens.kind,
                "max_tokens": loaded.tokens.limit,
                **precision_settings(options.precision),
            },
        )

    @torch.inference_mode()
    def _features(self, rows: Rows) -> Tensor:
        tokens, real = padded(rows, pad=self._tokens.pad, device=self._device)
        with exact_fp32(self._device):
            return pool(self._words(tokens, real), real, self._pooling)

    @torch.inference_mode()
    def word_states(self, text: str) -> tuple[Features, list[str]]:
        """The features (L, D) of a snippet's words, special ones included, and their names."""
        (row,), truncated = self._tokens([text])
        self.truncated += truncated
        with exact_fp32(self._device):
            states = self._states(row)
        return states.float().cpu().numpy(), self._tokens.pieces(text)

    def _states(self, row: Sequence[int]) -> Tensor:
        """The features (L, D) of the words of one row."""
        tokens, real = padded([row], pad=self._tokens.pad, device=self._device)
        return self._words(tokens, real)[0]

    @abstractmethod
    def _words(self, tokens: Tensor, real: Tensor | None) -> Tensor:
        """Tokens (b, L), and which of them are real (None if all are) → word features (b, L, D)."""
