"""Frames → features of self-supervised networks of pictures: DINOv2 (Oquab et al., 2023) and DINOv3."""

from collections.abc import Sequence

from torch import Tensor

from mmtool.encoders.batched import BatchedEncoder
from mmtool.encoders.contract import EncoderIdentity, EncoderOptions, Frame, FrameEncoder
from mmtool.encoders.kernels.uploads import upload
from mmtool.encoders.precision import precision_settings
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


class DinoEncoder(BatchedEncoder[Frame], FrameEncoder):
    """The class token after the last layer, for frames as the model's own files prepare them."""

    reads = frozenset({"weights", "model"})
    runs_on_mps = True

    def __init__(self, options: EncoderOptions) -> None:
        """Load the model; raises InputError if that fails."""
        super().__init__(options)
        loaded = load_pretrained(DINO, options)
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

    def _features(self, batch: Sequence[Frame]) -> Tensor:
        prepared = self._prepare(list(batch), return_tensors="np", input_data_format="channels_last")
        pixels = upload(prepared["pixel_values"], self._device).to(self._dtype)  # (b, 3, S, S)
        features: Tensor = self._network(pixel_values=pixels).pooler_output
        return features
