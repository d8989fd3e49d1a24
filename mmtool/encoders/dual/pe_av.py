"""PE-AV (Vyas et al., 2025): the frames of clips, their sound, and snippets, in one space.

The functions of transformers' class for frames alone and for texts alone call others that do not exist (in
5.24), so its parts are called here as its forward pass over all three modalities calls them. Texts have a
head for each modality that they describe: ``pe-av`` takes the one for frames, ``pe-av-sound`` that for sound.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, prod
from typing import Any

import torch
from torch import Tensor, nn

from mmtool.choices import Modality
from mmtool.encoders.contract import EncoderOptions, EncoderPair, FrameSequence, Sound
from mmtool.encoders.dual.clip import ClipTextEncoder, dual_identity, unit
from mmtool.encoders.dual.clip_models import DualModel, Family, load_dual_model
from mmtool.encoders.dual.sequences import DualSequenceEncoder, Sight
from mmtool.encoders.precision import exact_fp32
from mmtool.encoders.pretrained.videos import prepared_videos
from mmtool.encoders.sound.pieces import PieceEncoder
from mmtool.encoders.tokens.batches import Rows, padded
from mmtool.extras import import_extra

FRAMES = 16  # of a clip, where the model's files name no number
LONGEST = 30.0  # seconds of sound at a time
RATE = 48_000  # samples per second, of models without files
MAX_TOKENS = 512  # as the authors' own code cuts texts
TIMM = "timm"  # the library of the network of single frames


def _vision(config: Any) -> Any:
    return config.audio_video_config.video_config.vision_config


def _mend(config: Any) -> None:
    """Set the width of a frame's feature, which transformers 5.24 takes for 2 whatever the files say."""
    vision = _vision(config)
    vision.num_labels = getattr(vision, "num_classes", None) or vision.num_labels


def _begin(network: Any) -> None:
    """Give the convolutions that hear the sound torch's own random weights; transformers' let it vanish."""
    for layer in network.audio_model.audio_encoder.embedder.modules():
        if isinstance(layer, nn.Conv1d):
            layer.reset_parameters()


def _prepared_frames(config: Any) -> dict[str, Any]:
    vision = _vision(config)
    side = (vision.model_args or {}).get("img_size")
    side = side or import_extra(TIMM).get_pretrained_cfg(vision.architecture).input_size[-1]
    middle = [0.5, 0.5, 0.5]
    steps = dict.fromkeys(("do_resize", "do_rescale", "do_normalize", "do_convert_rgb"), True)
    return {"size": {"height": side, "width": side}, "image_mean": middle, "image_std": middle, **steps}


def _prepared_sound(config: Any) -> dict[str, Any]:
    codec = config.audio_video_config.audio_config.dac_config
    return {"sampling_rate": RATE, "hop_length": prod(codec.downsampling_ratios)}


PE_AV_FAMILY = Family(
    title="a PE-AV model",
    published="facebook/pe-av-large-16-frame",
    config="PeAudioVideoConfig",
    images="PeVideoVideoProcessor",
    sequences=True,
    type="pe_audio_video",
    loads="AutoVideoProcessor",
    arguments=_prepared_frames,
    needs=TIMM,
    since=(5, 24),  # in 5.4, the parts do not compute what the whole does
    mend=_mend,
    begin=_begin,
)
PE_AV_SOUND_FAMILY = replace(
    PE_AV_FAMILY,
    images="PeAudioFeatureExtractor",
    loads="AutoFeatureExtractor",
    arguments=_prepared_sound,
)


class PeVideoEncoder(DualSequenceEncoder):
    """The embedding of frames that are spread evenly over a clip, as many as the model's files say."""

    family = "pe-av"
    models = PE_AV_FAMILY

    def _sees(self, loaded: DualModel) -> Sight:
        length = getattr(loaded.images, "num_frames", None) or FRAMES
        return Sight(length, loaded.images.size["height"], loaded.network.config.text_config.hidden_size)

    def _side(self, network: Any) -> Any:
        return network.video_model

    def _embeddings(self, batch: Sequence[FrameSequence]) -> Any:
        given = prepared_videos(self._prepare, batch, self._device).to(self._dtype)  # (b, L, 3, S, S)
        return self._network.video_head(self._network.video_encoder(given).pooler_output)


class PeSoundEncoder(PieceEncoder):
    """The embedding of the sound of a clip."""

    longest = LONGEST
    unit_length = True

    def __init__(self, options: EncoderOptions) -> None:
        """Load the model; see :func:`mmtool.encoders.dual.clip_models.load_dual_model` for errors."""
        super().__init__(options)
        loaded = load_dual_model(options, Modality.VIDEO, PE_AV_SOUND_FAMILY)
        self._prepare = loaded.images
        self.rate, self._hop = int(loaded.images.sampling_rate), int(loaded.images.hop_length)
        self._network = loaded.network.audio_model.to(self._device, self._dtype)
        self.identity = dual_identity(
            "pe-av-sound",
            loaded,
            Modality.VIDEO,
            loaded.network.config.text_config.hidden_size,
            options.precision,
            {"rate": self.rate, "longest": self.longest},
        )

    @torch.inference_mode()
    def _features(self, pieces: Sequence[Sound]) -> Tensor:
        """Only pieces of one length go through the network together: padding would change what it hears."""
        hops = [ceil(len(piece) / self._hop) for piece in pieces]
        found: list[Tensor] = [torch.empty(0)] * len(pieces)
        for count in sorted(set(hops)):
            own = [index for index, other in enumerate(hops) if other == count]
            prepared = self._prepare(
                [pieces[index] for index in own], sampling_rate=self.rate, return_tensors="pt"
            )
            given = prepared["input_values"].to(self._device, self._dtype)  # (b, 1, S)
            with exact_fp32(self._device):
                heard = self._network.audio_head(self._network.audio_encoder(given).pooler_output)
            for index, row in zip(own, unit(heard), strict=True):
                found[index] = row
        return torch.stack(found)


class PeTextEncoder(ClipTextEncoder):
    """The embeddings of texts that describe frames."""

    family = "pe-av"
    models = PE_AV_FAMILY
    runs_on_mps = False

    def _rows(self, texts: Sequence[str]) -> Rows:
        self._tokens.limit = min(self._tokens.limit, MAX_TOKENS)
        return super()._rows(texts)

    @torch.inference_mode()
    def _features(self, rows: Rows) -> Tensor:
        tokens, real = padded(rows, pad=self._tokens.pad, device=self._device)
        with exact_fp32(self._device):
            read = self._network.text_model(input_ids=tokens, attention_mask=real, output_hidden_states=True)
            return unit(self._head(read.hidden_states[-1][:, 0]))

    def _head(self, read: Tensor) -> Any:
        return self._network.video_model.text_video_head(read)


class PeSoundTextEncoder(PeTextEncoder):
    """The embeddings of texts that describe sound."""

    family = "pe-av-sound"
    models = PE_AV_SOUND_FAMILY

    def _head(self, read: Tensor) -> Any:
        return self._network.audio_model.text_audio_head(read)


PE_AV = EncoderPair(PeVideoEncoder, PeTextEncoder)
PE_AV_SOUND = EncoderPair(PeSoundEncoder, PeSoundTextEncoder)
