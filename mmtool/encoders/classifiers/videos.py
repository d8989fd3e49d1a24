"""Sequences of frames → the input of the last layer of torchvision's video classifiers."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torchvision.models import get_model_weights

from mmtool.encoders.batched import BatchedEncoder
from mmtool.encoders.classifiers.encoder import load_classifier
from mmtool.encoders.contract import (
    EncoderIdentity,
    EncoderOptions,
    FrameSequence,
    Sampling,
    SequenceEncoder,
)
from mmtool.encoders.kernels.uploads import upload
from mmtool.encoders.precision import precision_settings
from mmtool.encoders.untrained import random_pictures

LENGTHS = {"mvit": (16, 7.5), "swin3d": (32, 15.0), "s3d": (32, 15.0)}  # frames, and frames per second
OTHERS = (16, 15.0)  # of the residual networks
SHORTER_SIDE = 256  # pixels: no model sees more
CALIBRATED_WITH = 16  # frames


class VideoNetworkEncoder(BatchedEncoder[FrameSequence], SequenceEncoder):
    """The pooled features of a sequence: the input of the last layer, as the network was trained on Kinetics.

    The frames are those at the rate with which the published weights were trained, scaled and cropped as
    they were.
    """

    reads = frozenset({"weights"})

    def __init__(self, options: EncoderOptions) -> None:
        """Load the network ``options.name``; see :func:`load_classifier` for weights and errors."""
        super().__init__(options)
        name = options.name
        length, rate = next((LENGTHS[start] for start in LENGTHS if name.startswith(start)), OTHERS)
        self.sampling = Sampling(length, 1 / rate, SHORTER_SIDE)
        model, dimension, weights = load_classifier(
            name, weights=options.weights, seed=options.seed, sample=_random_video
        )
        self._model = model.to(self._device, self._dtype)
        self._prepare = get_model_weights(name).DEFAULT.transforms()
        self.identity = EncoderIdentity(
            name=name,
            model=name,
            weights=weights,
            dimension=dimension,
            settings={
                "length": length,
                "rate": rate,
                "crop": self._prepare.crop_size[0],
                **precision_settings(options.precision),
            },
        )

    def _features(self, batch: Sequence[FrameSequence]) -> Tensor:
        prepared = []
        for sequence in batch:
            frames = upload(np.stack(list(sequence.frames)), self._device).permute(0, 3, 1, 2)  # (L, 3, H, W)
            prepared.append(self._prepare(frames))  # (3, L, S, S)
        features: Tensor = self._model(torch.stack(prepared).to(self._dtype))
        return features


def _random_video(side: int) -> Tensor:
    """One video (1, 3, L, S, S) of random pictures, each for some frames."""
    pictures = random_pictures(side)  # (P, 3, S, S)
    return pictures.repeat_interleave(CALIBRATED_WITH // len(pictures), dim=0).permute(1, 0, 2, 3)[None]
