"""Snippets → features of a BERT-family model."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmtool.choices import EncoderPrecision, Pooling
from mmtool.encoders.contract import EncoderIdentity, Features
from mmtool.encoders.precision import DTYPES, precision_settings
from mmtool.encoders.text_models import load_text_model
from mmtool.encoders.token_batches import encode_rows, pool


class BertEncoder:
    """Pools the last layer's word features of each snippet.

    ``mean``, the default, is over all tokens but padding, the special ones included, as
    sentence-transformers does (Reimers & Gurevych, 2019); ``words`` leaves the special ones out; ``cls``
    is the first token's. Features are not scaled to unit length.
    """

    def __init__(
        self,
        *,
        model: str | None,
        pooling: Pooling | None,
        weights: str | None,
        seed: int,
        batch_size: int,
        precision: EncoderPrecision,
        device: str,
    ) -> None:
        """Load the model; see :func:`mmtool.encoders.text_models.load_text_model` for errors."""
        self._device = torch.device(device)
        loaded = load_text_model(model, weights=weights, seed=seed)
        self._network = loaded.network.to(self._device, DTYPES[precision])
        self._tokens = loaded.tokens
        self._pooling = pooling or Pooling.MEAN
        self._batch_size = batch_size
        self.truncated = 0
        self.identity = EncoderIdentity(
            name="bert",
            model=loaded.architecture,
            weights=loaded.weights,
            dimension=loaded.network.config.hidden_size,
            settings={
                "pooling": self._pooling.value,
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
        words: Tensor = self._network(input_ids=tokens, attention_mask=real).last_hidden_state  # (b, L, D)
        return pool(words, real, self._pooling)
