"""Snippets → features of a BERT-family model."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mmtool.choices import Pooling
from mmtool.encoders.contract import EncoderIdentity, Features
from mmtool.encoders.text_models import load_text_model


class BertEncoder:
    """Pools the last layer's word features of each snippet.

    ``mean`` is over all tokens but padding, the special ones included, as sentence-transformers does
    (Reimers & Gurevych, 2019); ``cls`` is the first token's. Features are not scaled to unit length.
    """

    def __init__(
        self,
        *,
        model: str | None,
        pooling: Pooling,
        weights: str | None,
        seed: int,
        batch_size: int,
        device: str,
    ) -> None:
        """Load the model; see :func:`mmtool.encoders.text_models.load_text_model` for errors."""
        self._device = torch.device(device)
        loaded = load_text_model(model, weights=weights, seed=seed)
        self._network, self._tokens = loaded.network.to(self._device), loaded.tokens
        self._pooling = pooling
        self._batch_size = batch_size
        self.truncated = 0
        self.identity = EncoderIdentity(
            name="bert",
            model=loaded.architecture,
            weights=loaded.weights,
            dimension=loaded.network.config.hidden_size,
            settings={
                "pooling": pooling.value,
                "tokens": loaded.tokens.kind,
                "max_tokens": loaded.tokens.limit,
            },
        )

    def encode(self, texts: Sequence[str]) -> Features:
        """Encode M snippets to features (M, D); a snippet's do not depend on the others."""
        features = np.zeros((len(texts), self.identity.dimension), dtype=np.float32)
        ids, truncated = self._tokens(texts) if texts else ([], 0)
        self.truncated += truncated
        by_length = sorted(range(len(ids)), key=lambda index: len(ids[index]))  # spares padding
        for start in range(0, len(ids), self._batch_size):
            batch = by_length[start : start + self._batch_size]
            features[batch] = self._pooled([ids[index] for index in batch]).cpu().numpy()
        return features

    @torch.inference_mode()
    def _pooled(self, ids: Sequence[Sequence[int]]) -> Tensor:
        """Features (b, D) of ``b`` texts by their token ids."""
        length = max(map(len, ids))
        padded = [[*row, *[self._tokens.pad] * (length - len(row))] for row in ids]
        mask = [[1] * len(row) + [0] * (length - len(row)) for row in ids]
        tokens = torch.tensor(padded, device=self._device)  # (b, L)
        real = torch.tensor(mask, device=self._device)  # (b, L)
        words: Tensor = self._network(input_ids=tokens, attention_mask=real).last_hidden_state  # (b, L, D)
        if self._pooling is Pooling.CLS:
            return words[:, 0]
        return (words * real[..., None]).sum(dim=1) / real.sum(dim=1, keepdim=True)
