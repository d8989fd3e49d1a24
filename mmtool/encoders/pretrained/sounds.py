"""The sound of clips → features of networks: AST (Gong et al., 2021), CLAP, and Whisper's encoder."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from mmtool.encoders.contract import EncoderIdentity, EncoderOptions, Sound
from mmtool.encoders.precision import exact_fp32, precision_settings
from mmtool.encoders.pretrained.loading import Kind, Pretrained, load_pretrained
from mmtool.encoders.sound.pieces import PieceEncoder

AST, CLAP, WHISPER = "audio-spectrogram-transformer", "clap", "whisper"
SOUND = Kind(
    what="sound",
    published="MIT/ast-finetuned-audioset-10-10-0.4593",
    config="ASTConfig",
    preparers={AST: "ASTFeatureExtractor", CLAP: "ClapFeatureExtractor", WHISPER: "WhisperFeatureExtractor"},
    loads="AutoFeatureExtractor",
    unused=("decoder.", "classifier."),
)
LONGEST = {AST: 10.0, CLAP: 10.0, WHISPER: 30.0}  # seconds that a network hears at a time
WHISPER_STEP = 320  # samples of a step of Whisper's encoder: 20 ms


class SoundNetworkEncoder(PieceEncoder):
    """AST's pooled feature, CLAP's audio embedding of unit length, or the mean over Whisper's encoder.

    Whisper's encoder is averaged over the steps in which there is sound, not over its padding.
    """

    def __init__(self, options: EncoderOptions) -> None:
        """Load the model; raises InputError if that fails."""
        self._set_up(options, load_pretrained(SOUND, options))

    def _set_up(self, options: EncoderOptions, loaded: Pretrained) -> None:
        super().__init__(options)
        self._type, self._prepare = loaded.type, loaded.prepare
        network = loaded.network.get_encoder() if self._type == WHISPER else loaded.network
        self._network = network.to(self._device, self._dtype)
        self.rate = int(self._prepare.sampling_rate)
        self.longest, self.unit_length = LONGEST[self._type], self._type == CLAP
        config = loaded.network.config
        audio = getattr(config, "audio_config", config)
        if self._type == CLAP and not audio.enable_fusion:  # an extractor for fusion makes four spectra
            self._prepare.truncation = "rand_trunc"  # of longer sounds, which there are none
        width = config.projection_dim if self._type == CLAP else config.hidden_size
        self.identity = EncoderIdentity(
            name=options.name,
            model=f"{self._type}-{audio.num_hidden_layers}x{audio.hidden_size}",
            weights=loaded.weights,
            dimension=width,
            settings={
                "rate": self.rate,
                "longest": self.longest,
                **precision_settings(options.precision),
            },
        )

    @torch.inference_mode()
    def _features(self, pieces: Sequence[Sound]) -> Tensor:
        inputs = self._prepare(list(pieces), sampling_rate=self.rate, return_tensors="pt")
        with exact_fp32(self._device):
            if self._type == CLAP:
                given = inputs["input_features"].to(self._device, self._dtype)
                longer = torch.zeros(len(pieces), 1, dtype=torch.bool, device=self._device)
                found: Any = self._network.get_audio_features(input_features=given, is_longer=longer)
                return normalize((found if isinstance(found, Tensor) else found.pooler_output).float(), dim=1)
            if self._type == AST:
                pooled: Tensor = self._network(
                    inputs["input_values"].to(self._device, self._dtype)
                ).pooler_output
                return pooled
            given = inputs["input_features"].to(self._device, self._dtype)
            steps: Tensor = self._network(given).last_hidden_state.float()  # (b, T, D)
        counts = [max(1, min(steps.shape[1], math.ceil(len(piece) / WHISPER_STEP))) for piece in pieces]
        return torch.stack([own[:count].mean(dim=0) for own, count in zip(steps, counts, strict=True)])
