"""Frames and snippets → features of LXMERT's two unimodal encoders (Tan & Bansal, 2019).

The mean over a frame's regions, or over a snippet's words, of what comes before the layers that mix the
modalities, as in the paper's supplement A.2.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mmtool.choices import EncoderPrecision, Modality, Pooling
from mmtool.encoders.contract import (
    MAX_REGIONS,
    EncodedFrames,
    EncoderIdentity,
    Frame,
    NamesRegions,
    RegionDetector,
    Regions,
)
from mmtool.encoders.dual.lxmert_models import load_lxmert
from mmtool.encoders.kernels.linear import optimised
from mmtool.encoders.precision import DTYPES, precision_settings
from mmtool.encoders.tokens.batches import pool
from mmtool.encoders.tokens.word_encoder import WordEncoder
from mmtool.errors import InputError


class LxmertFrameEncoder:
    """The mean over a frame's regions of LXMERT's object-relationship encoder."""

    def __init__(
        self,
        *,
        detector: RegionDetector,
        model: str | None,
        weights: str | None,
        seed: int,
        keep_regions: bool,
        batch_size: int,
        precision: EncoderPrecision,
        device: str,
    ) -> None:
        """Load the model; see :func:`mmtool.encoders.dual.lxmert_models.load_lxmert` for errors.

        ``weights`` are LXMERT's: None (the model's own) or ``"random"``. Raises InputError where the
        model wants region features of another size than the detector's.
        """
        self._device, self._dtype = torch.device(device), DTYPES[precision]
        loaded = load_lxmert(model, modality=Modality.VIDEO, weights=weights, seed=seed)
        config = loaded.network.config
        if detector.identity.dimension != config.visual_feat_dim:
            raise InputError(
                model or loaded.architecture,
                f"wants regions of {config.visual_feat_dim} dimensions, not {detector.identity.dimension}",
                "give the model and the weights of one kind",
            )
        self._network = optimised(loaded.network.to(self._device, self._dtype))
        self._detector = detector
        self.names = detector.names if isinstance(detector, NamesRegions) else None
        self._keep_regions = keep_regions
        self._batch_size = batch_size
        regions = {f"detector_{key}": value for key, value in detector.identity.settings.items()}
        self.identity = EncoderIdentity(
            name=f"lxmert-{Modality.VIDEO}",
            model=loaded.architecture,
            weights=loaded.weights,
            dimension=config.hidden_size,
            settings={
                "detector": detector.identity.name,
                "detector_model": detector.identity.model,
                "detector_weights": detector.identity.weights,
                **regions,
                **precision_settings(precision),
            },
        )

    def encode(self, frames: Sequence[Frame]) -> EncodedFrames:
        """Encode ``B`` RGB frames (H, W, 3), uint8, of any sizes, to features (B, D)."""
        features = np.zeros((len(frames), self.identity.dimension), dtype=np.float32)
        kept: list[Regions] = []
        for start in range(0, len(frames), self._batch_size):
            batch = frames[start : start + self._batch_size]
            found = self._detector.detect(batch)
            features[start : start + len(batch)] = self._pooled(found, batch).cpu().numpy()
            kept += found if self._keep_regions else []
        return EncodedFrames(features, kept if self._keep_regions else None)

    @torch.inference_mode()
    def _pooled(self, found: Sequence[Regions], frames: Sequence[Frame]) -> Tensor:
        """Features (b, D) of ``b`` frames; what they lack in regions is masked, without any they are 0.

        Their places are as many for all batches: how sums are rounded depends on it.
        """
        count = MAX_REGIONS
        pixels = np.zeros((len(found), count, self._network.config.visual_feat_dim), dtype=np.float32)
        places = np.zeros((len(found), count, 4), dtype=np.float32)
        real = np.zeros((len(found), count), dtype=np.float32)
        for row, (regions, frame) in enumerate(zip(found, frames, strict=True)):
            height, width = frame.shape[:2]
            here = slice(len(regions.boxes))
            pixels[row, here] = regions.features
            places[row, here] = regions.boxes / np.array([width, height, width, height])
            real[row, here] = 1
        mask = torch.from_numpy(real).to(self._device)  # (b, R)
        words = torch.zeros(len(found), 1, dtype=torch.long, device=self._device)  # it insists on a text
        output: Tensor = self._network(
            input_ids=words,
            token_type_ids=words,
            visual_feats=torch.from_numpy(pixels).to(self._device, self._dtype),
            visual_pos=torch.from_numpy(places).to(self._device, self._dtype),
            visual_attention_mask=mask,
        ).vision_output  # (b, R, D)
        return pool(output, mask, Pooling.MEAN)


class LxmertTextEncoder(WordEncoder):
    """Pools LXMERT's language encoder: over the words by default; ``mean`` counts [CLS] and [SEP], too."""

    def __init__(
        self,
        *,
        model: str | None,
        pooling: Pooling | None,
        weights: str | None,
        seed: int,
        batch_size: int,
        precision: EncoderPrecision,
        device: str,
    ) -> None:
        """Load the model; see :func:`mmtool.encoders.dual.lxmert_models.load_lxmert` for errors."""
        super().__init__(
            name=f"lxmert-{Modality.TEXT}",
            loaded=load_lxmert(model, modality=Modality.TEXT, weights=weights, seed=seed),
            pooling=pooling or Pooling.WORDS,
            batch_size=batch_size,
            precision=precision,
            device=device,
        )

    def _words(self, tokens: Tensor, real: Tensor | None) -> Tensor:
        config = self._network.config
        region = tokens.new_zeros(len(tokens), 1, config.visual_feat_dim, dtype=self._dtype)  # it wants one
        words: Tensor = self._network(
            input_ids=tokens,
            token_type_ids=torch.zeros_like(tokens),
            attention_mask=real,
            visual_feats=region,
            visual_pos=region[..., : config.visual_pos_dim],
        ).language_output  # (b, L, D)
        return words
