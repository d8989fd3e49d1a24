"""Frames → features of self-supervised networks of pictures: DINOv2 (Oquab et al., 2023) and DINOv3."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from mmtool.encoders.contract import EncodedFrames, EncoderIdentity, EncoderOptions, Frame, FrameEncoder
from mmtool.encoders.kernels.uploads import fetched, upload
from mmtool.encoders.precision import DTYPES, exact_fp32, precision_settings
from mmtool.encoders.pretrained.loading import Kind, load_pretrained

DINO = Kind(
    what="DINO",
    published="facebook/dinov2-base",
    config="Dinov2Config",
    preparers={
        "dinov2": "BitImageProcessor",
        "dinov2_with_registers": "BitImageProcessor",
        "dinov3_vit": "DINOv3ViTImageProcessor",
    },
    loads="AutoImageProcessor",
)


class DinoEncoder(FrameEncoder):
    """The class token after the last layer, for frames as the model's own files prepare them."""

    reads = frozenset({"weights", "model"})
    runs_on_mps = True

    def __init__(self, options: EncoderOptions) -> None:
        """Load the model; raises InputError if that fails."""
        self.device, self._batch_size = options.device, options.batch_size
        self._device, self._dtype = torch.device(options.device), DTYPES[options.precision]
        self.ahead = 1 if self._device.type == "cuda" else 0
        loaded = load_pretrained(DINO, options.model, weights=options.weights, seed=options.seed)
        self._network = loaded.network.to(self._device, self._dtype)
        self._prepare = loaded.prepare
        config = loaded.network.config
        self.identity = EncoderIdentity(
            name=options.name,
            model=f"{loaded.type}-{config.num_hidden_layers}x{config.hidden_size}",
            weights=loaded.weights,
            dimension=config.hidden_size,
            settings={"image_size": config.image_size, **precision_settings(options.precision)},
        )

    def encode(self, frames: Sequence[Frame]) -> EncodedFrames:
        """Encode ``B`` RGB frames (H, W, 3), uint8, of any sizes, to features (B, D)."""
        return self.begin(frames)()

    def begin(self, frames: Sequence[Frame]) -> Callable[[], EncodedFrames]:
        starts = range(0, len(frames), self._batch_size)
        parts = [self._features(frames[start : start + self._batch_size]) for start in starts]
        return partial(fetched, parts, self.identity.dimension)

    @torch.inference_mode()
    def _features(self, frames: Sequence[Frame]) -> Tensor:
        prepared = self._prepare(list(frames), return_tensors="np", input_data_format="channels_last")
        pixels = upload(prepared["pixel_values"], self._device).to(self._dtype)  # (b, 3, S, S)
        with exact_fp32(self._device):
            features: Tensor = self._network(pixel_values=pixels).pooler_output
        return features
