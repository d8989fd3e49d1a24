"""BridgeTower (Xu et al., 2023): two towers, joined layer by layer by layers in which both sides attend.

The towers do not see each other, so the picture's is computed once a clip. From the second joint layer on,
keys and values of the picture depend on the text, and are computed for each pair.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from mmtool.encoders.rerankers.attention import KeysAndValues, additive_mask, attended, keys_and_values
from mmtool.encoders.rerankers.contract import RerankerOptions
from mmtool.encoders.rerankers.frame_matcher import FrameMatcher
from mmtool.encoders.rerankers.models import Published, load_pair_model
from mmtool.encoders.tokens.batches import Rows

BRIDGETOWER = Published(
    "bridgetower",
    "BridgeTowerForImageAndTextRetrieval",
    "BridgeTower/bridgetower-base-itm-mlm",
    "BridgeTower for image–text retrieval",
)


@dataclass(frozen=True, slots=True)
class TowerStates:
    """A clip as the joint layers read it.

    Attributes:
        images: What each of S joint layers gets from the picture's tower (1, V, H).
        first: Keys and values of the picture for the first joint layer.
        itself: (1, V, H): what the image side of that layer sees of itself.
        starts: (K,): where the first token of each frame is.
    """

    images: list[Tensor]
    first: KeysAndValues
    itself: Tensor
    starts: Tensor


class BridgeTowerReranker(FrameMatcher):
    """BridgeTower for image–text retrieval; of several frames, the mean of their first tokens is judged."""

    name = "bridgetower"

    def __init__(self, options: RerankerOptions) -> None:
        """Load the model; raises InputError."""
        super().__init__(load_pair_model(options.model, BRIDGETOWER, setting=options.setting), options)

    def _visual(self, pixels: Tensor) -> list[Tensor]:
        """What the joint layers get of each frame: (V, S, D)."""
        visual = self._network.bridgetower.vision_model.visual
        states = visual.forward_pre(pixels)  # (V, b, D)
        read = []
        for number, block in enumerate(visual.transformer.resblocks, start=1):
            states = block(states)
            if number >= self._alone:
                read.append(visual.forward_post(states))  # (b, V, D)
        return list(torch.stack(read[: self._joint], dim=2))

    @property
    def _joint(self) -> int:
        """The number S of joint layers."""
        return int(self._network.bridgetower.config.num_hidden_layers)

    @property
    def _alone(self) -> int:
        """The number of layers of a tower before the first joint layer."""
        return len(self._network.bridgetower.text_model.encoder.layer) - self._joint + 1

    def _context(self, tokens: Tensor, frames: int) -> TowerStates:
        model = self._network.bridgetower
        kind = model.token_type_embeddings(torch.ones(1, dtype=torch.long, device=self._device))
        images = [
            model._apply_image_transform(tokens[None, :, layer], layer) + kind for layer in range(self._joint)
        ]
        first = model.cross_modal_image_layernorm(images[0])
        images[0] = first
        return TowerStates(
            images,
            keys_and_values(model.cross_modal_text_layers[0].crossattention.self, first[0]),
            model.cross_modal_image_layers[0].attention(first)[0],
            torch.arange(frames, device=self._device) * (len(tokens) // frames),
        )

    def _judged(self, context: TowerStates, rows: Rows) -> Tensor:
        model = self._network.bridgetower
        ids, real = self._padded(rows)
        words = model.text_model.embeddings(input_ids=ids)
        mask = additive_mask(real, words.dtype)
        layers = model.text_model.encoder.layer
        for layer in layers[: self._alone]:
            words = layer(words, mask)
        kind = model.token_type_embeddings(torch.zeros(1, dtype=torch.long, device=self._device))
        text = model.cross_modal_text_layernorm(model._apply_text_transform(words, 0) + kind)
        text, image = self._first_joint(context, text, mask)
        for joint in range(1, self._joint):
            words = layers[self._alone + joint - 1](words, mask)
            own = model._apply_text_transform(words, joint) + kind
            linked = model.cross_modal_text_link_tower[joint - 1](own, text, mask)
            seen = model.cross_modal_image_link_tower[joint - 1](context.images[joint], image, None)
            text = model.cross_modal_text_layers[joint](linked, seen, attention_mask=mask)[0]
            image = model.cross_modal_image_layers[joint](seen, linked, encoder_attention_mask=mask)[0]
        together = image[:, context.starts].mean(dim=1, keepdim=True)
        judged: Tensor = self._network.itm_score(model.get_cls_features(text, together))
        return judged

    def _first_joint(self, context: TowerStates, text: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """The first joint layer, with what it needs of the clip alone already computed."""
        model = self._network.bridgetower
        layer = model.cross_modal_text_layers[0]
        words = layer.attention(text, attention_mask=mask)[0]
        cross = layer.crossattention
        words = cross.output(attended(cross.self.query(words), context.first), words)
        other = model.cross_modal_image_layers[0]
        image = other.crossattention(
            context.itself.expand(len(text), -1, -1), encoder_hidden_states=text, encoder_attention_mask=mask
        )[0]
        return layer.feed_forward_chunk(words), other.feed_forward_chunk(image)
