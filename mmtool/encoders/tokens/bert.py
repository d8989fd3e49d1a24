"""Snippets → features of a BERT-family model."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from mmtool.choices import Pooling
from mmtool.encoders.contract import EncoderOptions
from mmtool.encoders.kernels.packed_rows import encode_packed, pack, pack_attention, unpack
from mmtool.encoders.tokens.batches import Rows, batches_by_tokens, pool
from mmtool.encoders.tokens.models import load_text_model
from mmtool.encoders.tokens.word_encoder import WordEncoder


class BertEncoder(WordEncoder):
    """Pools the last layer's word features of each snippet.

    ``mean``, the default, averages all tokens including special ones, as sentence-transformers does (Reimers
    & Gurevych, 2019); ``words`` leaves out the special ones; ``cls`` takes the first token. Features are not
    scaled to unit length.
    """

    def __init__(self, options: EncoderOptions) -> None:
        """Load the model; see :func:`mmtool.encoders.tokens.models.load_text_model` for errors."""
        loaded = load_text_model(options.model, weights=options.weights, seed=options.seed)
        super().__init__(options, loaded, name="bert", pooling=options.pooling or Pooling.MEAN)
        self._first_position = loaded.first_position
        self._packs = (
            self._device.type == "cpu"  # GPUs are faster with few, large products
            and loaded.can_be_packed
            and pack_attention(self._network, first_position=self._first_position)
        )

    def _batches(self, rows: Rows) -> Iterator[list[int]]:
        if not self._packs:
            return super()._batches(rows)
        return batches_by_tokens([len(row) for row in rows], batch_size=self._batch_size)

    @torch.inference_mode()
    def _features(self, rows: Rows) -> Tensor:
        if not self._packs:
            return super()._features(rows)
        packed = pack(rows, first_position=self._first_position)
        words = encode_packed(self._network, packed)  # (T, D)
        return torch.cat([pool(run, None, self._pooling) for run in unpack(words, packed.runs)])

    def _states(self, row: Sequence[int]) -> Tensor:
        if not self._packs:
            return super()._states(row)
        packed = pack([row], first_position=self._first_position)
        words: Tensor = encode_packed(self._network, packed)  # (L, D)
        return words

    def _words(self, tokens: Tensor, real: Tensor | None) -> Tensor:
        words: Tensor = self._network(input_ids=tokens, attention_mask=real).last_hidden_state  # (b, L, D)
        return words
