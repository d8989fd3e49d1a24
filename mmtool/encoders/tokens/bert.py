"""Snippets → features of a BERT-family model."""

from collections.abc import Iterator

import torch
from torch import Tensor

from mmtool.choices import EncoderPrecision, Pooling
from mmtool.encoders.kernels.packed_rows import pack, pack_attention, unpack
from mmtool.encoders.tokens.batches import Rows, batches_by_tokens, pool
from mmtool.encoders.tokens.models import load_text_model
from mmtool.encoders.tokens.word_encoder import WordEncoder


class BertEncoder(WordEncoder):
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
        """Load the model; see :func:`mmtool.encoders.tokens.models.load_text_model` for errors."""
        loaded = load_text_model(model, weights=weights, seed=seed)
        super().__init__(
            name="bert",
            loaded=loaded,
            pooling=pooling or Pooling.MEAN,
            batch_size=batch_size,
            precision=precision,
            device=device,
        )
        self._first_position = loaded.first_position
        self._packs = loaded.can_be_packed and self._device.type == "cpu"  # GPUs want few, large products
        if self._packs:
            pack_attention(self._network)

    def _batches(self, rows: Rows) -> Iterator[list[int]]:
        if not self._packs:
            return super()._batches(rows)
        return batches_by_tokens([len(row) for row in rows], batch_size=self._batch_size)

    @torch.inference_mode()
    def _features(self, rows: Rows) -> Tensor:
        if not self._packs:
            return super()._features(rows)
        packed = pack(rows, first_position=self._first_position)
        words = self._network(
            input_ids=packed.tokens, position_ids=packed.positions, runs=packed.runs
        ).last_hidden_state  # (1, T, D)
        return torch.cat([pool(run, None, self._pooling) for run in unpack(words[0], packed.runs)])

    def _words(self, tokens: Tensor, real: Tensor | None) -> Tensor:
        words: Tensor = self._network(input_ids=tokens, attention_mask=real).last_hidden_state  # (b, L, D)
        return words
