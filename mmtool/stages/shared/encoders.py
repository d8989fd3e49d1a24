"""The encoders that settings of ``extract`` choose."""

from collections.abc import Iterator, Mapping

import torch

from mmtool.choices import Modality
from mmtool.encoders.contract import (
    Encoder,
    EncoderOptions,
    FrameEncoder,
    SpeechEncoder,
    TextEncoder,
    VideoEncoder,
)
from mmtool.encoders.registry import text_encoder_class, video_encoder_class
from mmtool.errors import SettingError
from mmtool.records import EncoderIdentity
from mmtool.settings.devices import AUTO, CPU, MPS
from mmtool.settings.extract import ExtractSettings
from mmtool.stages.shared.devices import resolve_device

OPTIONS = {  # the settings that encoders read as options, where not all encoders do
    Modality.VIDEO: {
        "video_weights": "weights",
        "video_model": "model",
        "image_size": "image_size",
        "proposals": "proposals",
        "keep_regions": "keep_regions",
    },
    Modality.TEXT: {"text_weights": "weights", "text_model": "model", "pooling": "pooling"},
}
FOR_FRAMES = ("frames", "region_names", "workers", "engine")  # settings of films, for all frame encoders


def make_video_encoder(settings: ExtractSettings) -> VideoEncoder:
    """Load the video encoder.

    Raises InputError if its weights cannot be loaded, and SettingError for an unknown encoder or for a
    setting that it does not read.
    """
    if settings.video_encoder is None:
        raise ValueError("no video encoder")
    encoder = video_encoder_class(settings.video_encoder)
    _refuse_unread(settings, Modality.VIDEO, encoder)
    options = _options(settings, settings.video_encoder, encoder, OPTIONS[Modality.VIDEO])
    if issubclass(encoder, SpeechEncoder):
        return encoder(options, make_text_encoder(settings))
    return encoder(options)


def make_text_encoder(settings: ExtractSettings) -> TextEncoder:
    """Load the text encoder; raises as :func:`make_video_encoder` does."""
    if settings.text_encoder is None:
        raise ValueError("no text encoder")
    encoder = text_encoder_class(settings.text_encoder)
    _refuse_unread(settings, Modality.TEXT, encoder)
    return encoder(_options(settings, settings.text_encoder, encoder, OPTIONS[Modality.TEXT]))


def identify_encoders(settings: ExtractSettings) -> list[EncoderIdentity]:
    """Load the video and text encoders and return their identities; no film or text is read.

    Raises InputError if weights cannot be loaded, and CallError for settings that do not fit.
    """
    identities = []
    if settings.video_encoder is not None:
        identities.append(make_video_encoder(settings).identity)
    if settings.text_encoder is not None:
        identities.append(make_text_encoder(settings).identity)
    return identities


def encoder_device(choice: str, encoder: type[Encoder]) -> torch.device:
    """The device of an encoder: the CPU instead of a GPU of Apple that lacks operators of it."""
    if choice == MPS and not encoder.runs_on_mps:
        choice = CPU
    return resolve_device(choice, mps=encoder.runs_on_mps)


def encoder_devices(settings: ExtractSettings) -> list[torch.device]:
    """The devices of the chosen encoders."""
    return [encoder_device(settings.device, encoder) for _, encoder in _chosen(settings)]


def left_to_cpu(settings: ExtractSettings) -> list[str]:
    """The chosen encoders that are computed on the CPU although this machine has a GPU of Apple."""
    wanted = settings.device == MPS or (settings.device == AUTO and not torch.cuda.is_available())
    if not wanted or not torch.backends.mps.is_available():
        return []
    return [name for name, encoder in _chosen(settings) if not encoder.runs_on_mps]


def _chosen(settings: ExtractSettings) -> Iterator[tuple[str, type[Encoder]]]:
    if settings.video_encoder is not None:
        yield settings.video_encoder, video_encoder_class(settings.video_encoder)
    if settings.text_encoder is not None:
        yield settings.text_encoder, text_encoder_class(settings.text_encoder)


def _options(
    settings: ExtractSettings, name: str, encoder: type[Encoder], chosen: Mapping[str, str]
) -> EncoderOptions:
    return EncoderOptions(
        name,
        **{option: getattr(settings, setting) for setting, option in chosen.items()},
        seed=settings.seed,
        batch_size=settings.batch_size,
        precision=settings.precision,
        device=str(encoder_device(settings.device, encoder)),
    )


def _refuse_unread(settings: ExtractSettings, modality: Modality, encoder: type[Encoder]) -> None:
    """Raise SettingError for the first changed setting that the encoder does not read."""
    unread = [setting for setting, option in OPTIONS[modality].items() if option not in encoder.reads]
    if modality is Modality.VIDEO and not issubclass(encoder, FrameEncoder):
        unread += FOR_FRAMES
    for setting in unread:
        if settings.is_changed(setting):
            chosen = f"{modality}_encoder={getattr(settings, f'{modality}_encoder')}"
            raise SettingError(setting, f"has no effect with `{chosen}`; leave it out")
