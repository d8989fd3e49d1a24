"""ViLT (Kim et al., 2021): one transformer over words and patches, which is computed whole for each pair.

There is no dual encoder, so candidates come from another one.
"""

import torch
from torch import Tensor

from mmtool.encoders.rerankers.contract import RerankerOptions
from mmtool.encoders.rerankers.explaining import ExplainingMatcher
from mmtool.encoders.rerankers.models import Published, load_pair_model
from mmtool.encoders.tokens.batches import Rows

VILT = Published(
    "vilt",
    "ViltForImageAndTextRetrieval",
    "dandelin/vilt-b32-finetuned-coco",
    "ViLT for image–text retrieval",
)


class ViltReranker(ExplainingMatcher):
    """ViLT for image–text retrieval; its only logit is that of "match"."""

    name = "vilt"

    def __init__(self, options: RerankerOptions) -> None:
        """Load the model; raises InputError."""
        super().__init__(load_pair_model(options.model, VILT, setting=options.setting), options)

    def _visual(self, pixels: Tensor) -> list[Tensor]:
        """Patches with their positions. A model that reads fewer than a picture has draws them at random.

        The class draws others in each call, in any order; here the same patches are drawn each time, and come
        row by row.
        """
        embeddings = self._network.vilt.embeddings
        mask = torch.ones(1, *pixels.shape[-2:], dtype=torch.long, device=self._device)
        patches = []
        for picture in pixels:
            with torch.random.fork_rng(devices=[]):
                torch.default_generator.manual_seed(0)
                tokens, _, (places, (_, columns)) = embeddings.visual_embed(
                    picture[None], mask, max_image_length=self._network.config.max_image_length
                )
            order = (places[0, :, 0] * columns + places[0, :, 1]).argsort()
            patches.append(torch.cat([tokens[0, :1], tokens[0, 1:][order]]))
        return patches

    def _context(self, tokens: Tensor, frames: int) -> Tensor:  # noqa: ARG002
        return tokens

    def _judged(self, context: Tensor, rows: Rows) -> Tensor:
        ids, real = self._padded(rows)
        pooled = self._network.vilt(
            input_ids=ids,
            attention_mask=real,
            image_embeds=context.expand(len(rows), -1, -1),
            pixel_mask=torch.ones(len(rows), len(context), dtype=torch.long, device=self._device),
        ).pooler_output
        logit: Tensor = self._network.rank_output(pooled)  # (b, 1)
        return torch.cat([torch.zeros_like(logit), logit], dim=1)

    def _layers(self) -> int:
        return len(self._network.vilt.encoder.layer)

    def _attention(self, tokens: Tensor, row: list[int], layer: int) -> tuple[Tensor, Tensor]:
        ids, real = self._padded([row])
        read = self._network.vilt(
            input_ids=ids,
            attention_mask=real,
            image_embeds=tokens[None],
            pixel_mask=real.new_ones(1, len(tokens)),
            output_attentions=True,
        )
        attention: Tensor = read.attentions[layer]
        return attention, self._network.rank_output(read.pooler_output)[0, 0]
