"""Frames and snippets → features of LXMERT's two unimodal encoders (Tan & Bansal, 2019).

Features are the mean over a frame's regions, or over a snippet's words, of the last layer before those that
mix the modalities, as in the paper's supplement A.2.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from mmtool.choices import Modality, Pooling
from mmtool.encoders.contract import (
    MAX_REGIONS,
    EncodedFrames,
    EncoderIdentity,
    EncoderOptions,
    EncoderPair,
    Frame,
    FrameEncoder,
    NamesRegions,
    RegionDetector,
    Regions,
)
from mmtool.encoders.dual.lxmert_models import load_lxmert
from mmtool.encoders.kernels.convolutions import optimised
from mmtool.encoders.kernels.uploads import upload
from mmtool.encoders.precision import DTYPES, exact_fp32, precision_settings
from mmtool.encoders.tokens.batches import pool
from mmtool.encoders.tokens.word_encoder import WordEncoder
from mmtool.encoders.visual_genome.encoder import VisualGenomeDetector
from mmtool.encoders.weights import RANDOM
from mmtool.errors import InputError


class LxmertFrameEncoder(FrameEncoder):
    """The mean over a frame's regions of LXMERT's object-relationship encoder."""

    reads = frozenset({"weights", "model", "image_size", "proposals", "keep_regions"})

    def __init__(self, options: EncoderOptions, detector: RegionDetector | None = None) -> None:
        """Load the model; see :func:`mmtool.encoders.dual.lxmert_models.load_lxmert` for errors.

        ``options.weights`` are those of the Visual Genome detector, unless another ``detector`` is given;
        LXMERT's own are random if they are, otherwise the model's. Raises InputError if the model wants
        region features of another size than the detector's.
        """
        detector = detector or VisualGenomeDetector(replace(options, keep_regions=True))
        weights = RANDOM if options.weights == RANDOM else None
        self.device = options.device
        self._device, self._dtype = torch.device(options.device), DTYPES[options.precision]
        loaded = load_lxmert(options.model, modality=Modality.VIDEO, weights=weights, seed=options.seed)
        config = loaded.network.config
        if detector.identity.dimension != config.visual_feat_dim:
            raise InputError(
                options.model or loaded.architecture,
                f"needs regions of {config.visual_feat_dim} dimensions, not {detector.identity.dimension}",
                "choose a model and detector weights that belong together",
            )
        self._network = optimised(loaded.network.to(self._device, self._dtype))
        self._detector = detector
        self.names = detector.names if isinstance(detector, NamesRegions) else None
        self._keep_regions = options.keep_regions
        self._batch_size = options.batch_size
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
                **precision_settings(options.precision),
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
        """Features (b, D) of ``b`` frames; missing regions are masked, and a frame without any is 0.

        All batches have room for equally many regions, because the rounding of sums depends on it.
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
        mask = upload(real, self._device)  # (b, R)
        words = torch.zeros(len(found), 1, dtype=torch.long, device=self._device)  # LXMERT requires a text
        with exact_fp32(self._device):
            output: Tensor = self._network(
                input_ids=words,
                token_type_ids=words,
                visual_feats=upload(pixels, self._device).to(self._dtype),
                visual_pos=upload(places, self._device).to(self._dtype),
                visual_attention_mask=mask,
            ).vision_output  # (b, R, D)
        return pool(output, mask, Pooling.MEAN)


class LxmertTextEncoder(WordEncoder):
    """Pools LXMERT's language encoder over the words by default; ``mean`` includes [CLS] and [SEP]."""

    def __init__(self, options: EncoderOptions) -> None:
        """Load the model; see :func:`mmtool.encoders.dual.lxmert_models.load_lxmert` for errors."""
        loaded = load_lxmert(
            options.model, modality=Modality.TEXT, weights=options.weights, seed=options.seed
        )
        pooling = options.pooling or Pooling.WORDS
        super().__init__(options, loaded, name=f"lxmert-{Modality.TEXT}", pooling=pooling)

    def _words(self, tokens: Tensor, real: Tensor | None) -> Tensor:
        config = self._network.config
        region = tokens.new_zeros(
            len(tokens), 1, config.visual_feat_dim, dtype=self._dtype
        )  # LXMERT requires one
        words: Tensor = self._network(
            input_ids=tokens,
            token_type_ids=torch.zeros_like(tokens),
            attention_mask=real,
            visual_feats=region,
            visual_pos=region[..., : config.visual_pos_dim],
        ).language_output  # (b, L, D)
        return words


LXMERT = EncoderPair(LxmertFrameEncoder, LxmertTextEncoder)
