"""Frames and snippets → unit vectors in one space, by a CLIP-type model.

Radford et al., 2021 (CLIP); Zhai et al., 2023 (SigLIP). The cosine of a frame and a snippet is the
product of their features.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from mmtool.choices import EncoderPrecision, Modality
from mmtool.encoders.batched import BatchedEncoder
from mmtool.encoders.contract import (
    EncoderIdentity,
    EncoderOptions,
    EncoderPair,
    Frame,
    FrameEncoder,
)
from mmtool.encoders.dual.clip_models import CLIP_FAMILY, DualModel, Family, load_dual_model
from mmtool.encoders.kernels.convolutions import optimised
from mmtool.encoders.kernels.uploads import upload
from mmtool.encoders.precision import DTYPES, exact_fp32, precision_settings
from mmtool.encoders.tokens.batches import Rows, padded
from mmtool.encoders.tokens.token_encoder import TokenEncoder

SEEN = ("pixel_values", "pixel_attention_mask", "spatial_shapes")  # the last two are NaFlex's


class ClipFrameEncoder(BatchedEncoder[Frame], FrameEncoder):
    """The image embeddings of a CLIP-type model, whose own files say how frames are prepared."""

    reads = frozenset({"weights", "model"})
    runs_on_mps = True
    family: ClassVar[str] = "clip"

    def __init__(self, options: EncoderOptions) -> None:
        """Load the model; see :func:`mmtool.encoders.dual.clip_models.load_dual_model` for errors."""
        super().__init__(options)
        loaded = load_dual_model(options, Modality.VIDEO)
        self._network = optimised(loaded.network.to(self._device, self._dtype))
        self._images = loaded.images
        side = loaded.image_size
        with torch.inference_mode(), exact_fp32(self._device):
            black = self._features([np.zeros((side, side, 3), np.uint8)])
        self.identity = dual_identity(
            self.family,
            loaded,
            Modality.VIDEO,
            black.shape[1],
            options.precision,
            {"image_size": side},
        )

    def _features(self, batch: Sequence[Frame]) -> Tensor:
        return unit(self._network.get_image_features(**self._pixels(batch)))

    def _pixels(self, frames: Sequence[Frame]) -> dict[str, Tensor]:
        """What the network sees of ``b`` frames: (b, 3, S, S), or NaFlex's patches with their arrangement."""
        prepared = self._images(list(frames), return_tensors="np", input_data_format="channels_last")
        seen = {name: upload(prepared[name], self._device) for name in SEEN if name in prepared}
        return seen | {"pixel_values": seen["pixel_values"].to(self._dtype)}


class ClipTextEncoder(TokenEncoder):
    """The text embeddings of a CLIP-type model."""

    reads = frozenset({"weights", "model"})
    runs_on_mps = True
    family: ClassVar[str] = "clip"
    models: ClassVar[Family] = CLIP_FAMILY

    def __init__(self, options: EncoderOptions) -> None:
        """Load the model; see :func:`mmtool.encoders.dual.clip_models.load_dual_model` for errors."""
        loaded = load_dual_model(options, Modality.TEXT, self.models)
        super().__init__(options, loaded.tokens)
        self._network = optimised(loaded.network.to(self._device, DTYPES[options.precision]))
        self._full_length = loaded.full_length
        self.identity = dual_identity(
            self.family,
            loaded,
            Modality.TEXT,
            self._features(self._rows([""])).shape[1],
            options.precision,
            {"tokens": self._tokens.kind, "max_tokens": self._tokens.limit},
        )

    def _rows(self, texts: Sequence[str]) -> Rows:
        rows = super()._rows(texts)
        if not self._full_length:
            return rows
        full = []
        for row in rows:
            padding = [self._tokens.pad] * (self._tokens.limit - len(row))
            full.append([*padding, *row] if self._tokens.pads_left else [*row, *padding])
        return full

    @torch.inference_mode()
    def _features(self, rows: Rows) -> Tensor:
        tokens, real = padded(rows, pad=self._tokens.pad, device=self._device)
        with exact_fp32(self._device):
            return unit(self._network.get_text_features(input_ids=tokens, attention_mask=real))


CLIP = EncoderPair(ClipFrameEncoder, ClipTextEncoder)


def dual_identity(
    family: str,
    loaded: DualModel,
    modality: Modality,
    dimension: int,
    precision: EncoderPrecision,
    settings: dict[str, str | int | float | bool],
) -> EncoderIdentity:
    """The identity of one side, which says by its space what it can be compared with."""
    return EncoderIdentity(
        name=f"{family}-{modality}",
        model=loaded.architecture,
        weights=loaded.weights,
        dimension=dimension,
        settings={**settings, "space": loaded.space, **precision_settings(precision)},
    )


def unit(output: Any) -> Tensor:
    """Features (b, D) in fp32 and of unit length; newer versions of transformers wrap them."""
    return normalize((output if isinstance(output, Tensor) else output.pooler_output).float(), dim=1)
