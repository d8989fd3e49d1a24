"""VideoPrism (Zhao et al., ICML 2024) with its text side: clips as sequences of frames, and snippets."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from mmtool.encoders.contract import EncoderPair, FrameSequence
from mmtool.encoders.dual.clip import ClipTextEncoder, unit
from mmtool.encoders.dual.clip_models import DualModel, Family
from mmtool.encoders.dual.sequences import DualSequenceEncoder, Sight
from mmtool.encoders.precision import exact_fp32
from mmtool.encoders.pretrained.videos import prepared_videos
from mmtool.encoders.tokens.batches import Rows, padded


def _prepared(config: Any) -> dict[str, Any]:
    side = config.vision_config.image_size
    return {"size": {"height": side, "width": side}, "do_normalize": False}


VIDEOPRISM_FAMILY = Family(
    title="a VideoPrism model with a text side",
    published="google/videoprism-lvt-base-f16r288",
    config="VideoPrismConfig",
    images="LlavaOnevisionVideoProcessor",
    sequences=True,
    type="videoprism",
    loads="AutoVideoProcessor",
    arguments=_prepared,
)


class VideoPrismVideoEncoder(DualSequenceEncoder):
    """The embedding of frames that are spread evenly over a clip, as many as the model was trained with."""

    family = "videoprism"
    models = VIDEOPRISM_FAMILY

    def _sees(self, loaded: DualModel) -> Sight:
        vision = loaded.network.config.vision_config
        return Sight(vision.num_frames, loaded.image_size, vision.hidden_size)

    def _embeddings(self, batch: Sequence[FrameSequence]) -> Any:
        given = prepared_videos(self._prepare, batch, self._device).to(self._dtype)  # (b, L, 3, S, S)
        return self._network.get_video_features(pixel_values_videos=given).pooler_output.flatten(1)


class VideoPrismTextEncoder(ClipTextEncoder):
    """The text embeddings of VideoPrism.

    Its class attends to later words as well where it is given no mask, so it always gets one.
    """

    family = "videoprism"
    models = VIDEOPRISM_FAMILY
    runs_on_mps = False

    def _rows(self, texts: Sequence[str]) -> Rows:
        return [row or [self._tokens.pad] for row in super()._rows(texts)]

    @torch.inference_mode()
    def _features(self, rows: Rows) -> Tensor:
        tokens, _ = padded(rows, pad=self._tokens.pad, device=self._device)
        real = (tokens != self._tokens.pad).long()
        with exact_fp32(self._device):
            return unit(self._network.get_text_features(input_ids=tokens, attention_mask=real))


VIDEOPRISM = EncoderPair(VideoPrismVideoEncoder, VideoPrismTextEncoder)
