"""X-CLIP (Ni et al., ECCV 2022): like CLIP, for clips as sequences of frames that see each other.

The paper also moves a text's embedding a little towards each clip that it is compared with, by a prompt. That
depends on pairs, and features do not: it is left out, and the cosine of a clip and a snippet is that of
X-CLIP's own functions for features.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from mmtool.encoders.contract import EncoderPair, FrameSequence
from mmtool.encoders.dual.clip import ClipTextEncoder
from mmtool.encoders.dual.clip_models import DualModel, Family
from mmtool.encoders.dual.sequences import DualSequenceEncoder, Sight
from mmtool.encoders.kernels.convolutions import optimised
from mmtool.encoders.kernels.uploads import upload

XCLIP_FAMILY = Family(
    title="an X-CLIP model",
    published="microsoft/xclip-base-patch32",
    config="XCLIPConfig",
    images="VideoMAEImageProcessor",
    sequences=True,
)


class XclipVideoEncoder(DualSequenceEncoder):
    """The embedding of a sequence of frames that are spread evenly over a clip, as X-CLIP was trained."""

    family = "xclip"
    models = XCLIP_FAMILY
    runs_on_mps = True

    def _sees(self, loaded: DualModel) -> Sight:
        config = loaded.network.config
        return Sight(config.vision_config.num_frames, loaded.image_size, config.projection_dim)

    def _side(self, network: Any) -> Any:
        return optimised(network)

    def _embeddings(self, batch: Sequence[FrameSequence]) -> Any:
        flat = list(chain.from_iterable(sequence.frames for sequence in batch))
        prepared = self._prepare(flat, return_tensors="np", input_data_format="channels_last")
        side = self._sight.side
        pixels = np.reshape(prepared["pixel_values"], (len(batch), -1, 3, side, side))
        given = upload(pixels, self._device).to(self._dtype)  # (b, L, 3, S, S)
        return self._network.get_video_features(pixel_values=given)


class XclipTextEncoder(ClipTextEncoder):
    """The text embeddings of X-CLIP."""

    family = "xclip"
    models = XCLIP_FAMILY


XCLIP = EncoderPair(XclipVideoEncoder, XclipTextEncoder)
