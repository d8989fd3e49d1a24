"""X-CLIP (Ni et al., ECCV 2022): like CLIP, for clips as sequences of frames that see each other.

The paper also moves a text's embedding a little towards each clip that it is compared with, by a prompt. That
depends on pairs, and features do not: it is left out, and the cosine of a clip and a snippet is that of
X-CLIP's own functions for features.
"""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from torch import Tensor

from mmtool.choices import Modality
from mmtool.encoders.batched import BatchedEncoder
from mmtool.encoders.contract import (
    EncoderOptions,
    EncoderPair,
    FrameSequence,
    Sampling,
    SequenceEncoder,
)
from mmtool.encoders.dual.clip import ClipTextEncoder, dual_identity, unit
from mmtool.encoders.dual.clip_models import Family, load_dual_model
from mmtool.encoders.kernels.convolutions import optimised
from mmtool.encoders.kernels.uploads import upload

XCLIP_FAMILY = Family(
    title="an X-CLIP model",
    published="microsoft/xclip-base-patch32",
    config="XCLIPConfig",
    images="VideoMAEImageProcessor",
    sequences=True,
)


class XclipVideoEncoder(BatchedEncoder[FrameSequence], SequenceEncoder):
    """The embedding of a sequence of frames that are spread evenly over a clip, as X-CLIP was trained."""

    reads = frozenset({"weights", "model"})
    runs_on_mps = True

    def __init__(self, options: EncoderOptions) -> None:
        """Load the model; see :func:`mmtool.encoders.dual.clip_models.load_dual_model` for errors."""
        super().__init__(options)
        loaded = load_dual_model(
            options.model,
            modality=Modality.VIDEO,
            weights=options.weights,
            seed=options.seed,
            family=XCLIP_FAMILY,
        )
        vision, side = loaded.network.config.vision_config, loaded.image_size
        self._network = optimised(loaded.network.to(self._device, self._dtype))
        self._images, self._side = loaded.images, side
        self.sampling = Sampling(vision.num_frames, None, side)
        self.identity = dual_identity(
            "xclip",
            loaded,
            Modality.VIDEO,
            loaded.network.config.projection_dim,
            options.precision,
            {"image_size": side, "length": vision.num_frames},
        )

    def _features(self, batch: Sequence[FrameSequence]) -> Tensor:
        flat = list(chain.from_iterable(sequence.frames for sequence in batch))
        prepared = self._images(flat, return_tensors="np", input_data_format="channels_last")
        pixels = np.reshape(prepared["pixel_values"], (len(batch), -1, 3, self._side, self._side))
        given = upload(pixels, self._device).to(self._dtype)  # (b, L, 3, S, S)
        return unit(self._network.get_video_features(pixel_values=given))


class XclipTextEncoder(ClipTextEncoder):
    """The text embeddings of X-CLIP."""

    family = "xclip"
    models = XCLIP_FAMILY


XCLIP = EncoderPair(XclipVideoEncoder, XclipTextEncoder)
