"""Sequences of frames → features of self-supervised networks of videos: V-JEPA 2 (Assran et al., 2025)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmtool.encoders.batched import BatchedEncoder
from mmtool.encoders.contract import (
    EncoderIdentity,
    EncoderOptions,
    FrameSequence,
    Sampling,
    SequenceEncoder,
)
from mmtool.encoders.kernels.uploads import upload
from mmtool.encoders.precision import precision_settings
from mmtool.encoders.pretrained.loading import Kind, load_pretrained

VJEPA2 = Kind(
    what="V-JEPA 2",
    published="facebook/vjepa2-vitl-fpc64-256",
    config="VJEPA2Config",
    preparers={"vjepa2": "VJEPA2VideoProcessor"},
    loads="AutoVideoProcessor",
    file="video_preprocessor_config.json",
    arguments=lambda config: {"crop_size": config.crop_size},
    unused=("predictor.",),
)


class VjepaEncoder(BatchedEncoder[FrameSequence], SequenceEncoder):
    """The mean over all places and times of the encoder's last layer, without the predictor.

    The frames are spread evenly over the clip, as many as the model was trained with.
    """

    reads = frozenset({"weights", "model"})

    def __init__(self, options: EncoderOptions) -> None:
        """Load the model; raises InputError if that fails."""
        super().__init__(options)
        loaded = load_pretrained(VJEPA2, options)
        config = loaded.network.config
        self._network = loaded.network.to(self._device, self._dtype)
        self._prepare = loaded.prepare
        self.sampling = Sampling(config.frames_per_clip, None, _shorter_side(loaded.prepare))
        self.identity = EncoderIdentity(
            name=options.name,
            model=f"vjepa2-{config.num_hidden_layers}x{config.hidden_size}",
            weights=loaded.weights,
            dimension=config.hidden_size,
            settings={
                "length": config.frames_per_clip,
                "crop": config.crop_size,
                **precision_settings(options.precision),
            },
        )

    def _features(self, batch: Sequence[FrameSequence]) -> Tensor:
        given = prepared_videos(self._prepare, batch, self._device).to(self._dtype)  # (b, L, 3, S, S)
        found = self._network(pixel_values_videos=given, skip_predictor=True).last_hidden_state
        features: Tensor = found.float().mean(dim=1)
        return features


def prepared_videos(prepare: Any, sequences: Sequence[FrameSequence], device: torch.device) -> Tensor:
    """The pixels (B, L, 3, S, S) of sequences, by a processor of videos; their frames are chosen already.

    They are prepared by the CPU, because GPUs round scaled pixels in another way.
    """
    videos = [
        torch.from_numpy(np.stack(list(sequence.frames))).permute(0, 3, 1, 2)  # (L, 3, H, W)
        for sequence in sequences
    ]
    prepared = prepare(
        videos=videos, do_sample_frames=False, input_data_format="channels_first", return_tensors="pt"
    )
    return upload(prepared["pixel_values_videos"].numpy(), device)


def _shorter_side(prepare: Any) -> int:
    """The size to which frames may be scaled before the model's own files say how they are cropped."""
    size = prepare.size
    return int(size["shortest_edge"] if "shortest_edge" in size else min(size["height"], size["width"]))
