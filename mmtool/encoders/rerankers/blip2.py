"""BLIP-2 (Li et al., 2023): 32 queries that read a picture, and attend to the words of a text.

The dual encoder has a vector for each query; a text's similarity is that of the most similar one.
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from mmtool.encoders.rerankers.attention import KeysAndValues, additive_mask, attended, keys_and_values
from mmtool.encoders.rerankers.contract import RerankerOptions
from mmtool.encoders.rerankers.embedding_matcher import EmbeddingMatcher
from mmtool.encoders.rerankers.models import Published, load_pair_model
from mmtool.encoders.tokens.batches import Rows

BLIP2 = Published(
    "blip-2", "Blip2ForImageTextRetrieval", "Salesforce/blip2-itm-vit-g", "BLIP-2 for image–text retrieval"
)


class Blip2Reranker(EmbeddingMatcher):
    """BLIP-2 for image–text retrieval; as in transformers, its Q-Former is computed in fp32."""

    name = "blip2"

    def __init__(self, options: RerankerOptions) -> None:
        """Load the model; raises InputError."""
        super().__init__(load_pair_model(options.model, BLIP2, setting=options.setting), options)
        vision = self._network.vision_model
        self._network.float()
        vision.to(self._dtype)

    @property
    def vectors(self) -> int:
        return int(self._network.query_tokens.shape[1])

    def _text_width(self) -> int:
        return int(self._network.config.image_text_hidden_size)

    def _visual(self, pixels: Tensor) -> list[Tensor]:
        return list(self._network.vision_model(pixel_values=pixels).last_hidden_state.float())

    def _frame_features(self, tokens: Tensor) -> Tensor:
        read = self._queries_and_words(self._context(tokens, 1), None, None)  # (1, Q, D)
        return normalize(self._network.vision_projection(read), dim=-1).flatten()

    def _text_features(self, rows: Rows) -> Tensor:
        ids, real = self._padded(rows)
        words = self._network.qformer(
            query_embeds=self._network.embeddings(input_ids=ids), query_length=0, attention_mask=real
        ).last_hidden_state
        features: Tensor = self._network.text_projection(words[:, 0])
        return features

    def _context(self, tokens: Tensor, frames: int) -> list[KeysAndValues | None]:  # noqa: ARG002
        return [
            keys_and_values(layer.crossattention.attention, tokens) if layer.has_cross_attention else None
            for layer in self._network.qformer.encoder.layer
        ]

    def _judged(self, context: list[KeysAndValues | None], rows: Rows) -> Tensor:
        read = self._queries_and_words(context, *self._padded(rows))
        judged: Tensor = self._network.itm_head(read[:, : self.vectors]).mean(dim=1)
        return judged

    def _queries_and_words(
        self, context: list[KeysAndValues | None], ids: Tensor | None, real: Tensor | None
    ) -> Tensor:
        """The Q-Former's last states (b, Q + L, D) of one clip with b texts; without texts, (1, Q, D)."""
        queries, former = self.vectors, self._network.qformer
        tokens = self._network.query_tokens.expand(1 if ids is None else len(ids), -1, -1)
        states: Tensor = former.layernorm(self._network.embeddings(input_ids=ids, query_embeds=tokens))
        mask = None
        if real is not None:
            mask = additive_mask(torch.cat([real.new_ones(len(real), queries), real], dim=1), states.dtype)
        for layer, seen in zip(former.encoder.layer, context, strict=True):
            states = layer.attention(states, attention_mask=mask)
            read, words = states[:, :queries], states[:, queries:]
            if seen is not None:
                cross = layer.crossattention
                read = cross.output(attended(cross.attention.query(read), seen), read)
            states = layer.feed_forward_chunk_query(read)
            if words.shape[1]:
                states = torch.cat([states, layer.feed_forward_chunk(words)], dim=1)
        return states
