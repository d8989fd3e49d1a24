"""The encoders that settings of ``extract`` choose."""

from collections.abc import Iterator
from dataclasses import replace

import torch

from mmtool.choices import Engine, Modality
from mmtool.encoders.contract import (
    Encoder,
    EncoderOptions,
    FrameEncoder,
    SequenceEncoder,
    SoundEncoder,
    SpeechEncoder,
    TextEncoder,
    VideoEncoder,
)
from mmtool.encoders.registry import text_encoder_class, video_encoder_class
from mmtool.errors import SettingError
from mmtool.records import EncoderIdentity
from mmtool.settings.devices import AUTO, CPU, CUDA, MPS
from mmtool.settings.extract import ExtractSettings
from mmtool.stages.shared.batch_sizes import batch_size_for
from mmtool.stages.shared.devices import resolve_device
from mmtool.stages.shared.gpus import usable_gpus

OPTIONS = {  # the settings that encoders read as options, where not all encoders do
    Modality.VIDEO: {
        "video_weights": "weights",
        "video_model": "model",
        "image_size": "image_size",
        "proposals": "proposals",
        "keep_regions": "keep_regions",
    },
    Modality.TEXT: {
        "text_weights": "weights",
        "text_model": "model",
        "pooling": "pooling",
        "prompt": "prompt",
    },
}
FOR_FILMS: dict[str, tuple[type[Encoder], ...]] = {  # settings of films, and the encoders that read them
    "frames": (FrameEncoder, SequenceEncoder),
    "keep_frames": (FrameEncoder, SequenceEncoder),
    "region_names": (FrameEncoder,),
    "workers": (FrameEncoder, SequenceEncoder, SoundEncoder),
    "engine": (FrameEncoder, SequenceEncoder, SoundEncoder),
}


def make_video_encoder(settings: ExtractSettings) -> VideoEncoder:
    """Load the video encoder.

    Raises InputError if its weights cannot be loaded, and SettingError for an unknown encoder or for a
    setting that it does not read.
    """
    if settings.video_encoder is None:
        raise ValueError("no video encoder")
    encoder = video_encoder_class(settings.video_encoder)
    _refuse_unread(settings, Modality.VIDEO, encoder)
    options = _options(settings, settings.video_encoder, encoder, Modality.VIDEO)
    if issubclass(encoder, SpeechEncoder):
        return encoder(options, make_text_encoder(settings))
    return encoder(options)


def make_text_encoder(settings: ExtractSettings) -> TextEncoder:
    """Load the text encoder; raises as :func:`make_video_encoder` does."""
    if settings.text_encoder is None:
        raise ValueError("no text encoder")
    encoder = text_encoder_class(settings.text_encoder)
    _refuse_unread(settings, Modality.TEXT, encoder)
    return encoder(_options(settings, settings.text_encoder, encoder, Modality.TEXT))


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
    """The devices of the chosen encoders on this machine; films are encoded elsewhere with Ray."""
    here = replace(settings, device=AUTO) if settings.engine is Engine.RAY else settings
    return [encoder_device(here.device, encoder) for _, encoder in _chosen(here)]


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


def batch_size_of(settings: ExtractSettings, device: torch.device, modality: Modality) -> int:
    """The batch size of the settings, or the default for the device."""
    return batch_size_for(device, modality) if settings.batch_size is None else settings.batch_size


def worker_devices(settings: ExtractSettings) -> list[str]:
    """The device of each worker: with ``auto`` and ``cuda``, the usable GPUs by turns."""
    if settings.video_encoder is None:
        raise ValueError("no video encoder")
    device = encoder_device(settings.device, video_encoder_class(settings.video_encoder))
    devices = [device]
    if device.type == "cuda" and settings.device in (AUTO, CUDA):
        devices = [gpu.device for gpu in usable_gpus()]
    return [str(devices[worker % len(devices)]) for worker in range(settings.workers)]


def _options(
    settings: ExtractSettings, name: str, encoder: type[Encoder], modality: Modality
) -> EncoderOptions:
    choice = settings.device
    if modality is Modality.TEXT and settings.engine is Engine.RAY:  # which encodes films; texts stay here
        choice = AUTO
    device = encoder_device(choice, encoder)
    return EncoderOptions(
        name,
        **{option: getattr(settings, setting) for setting, option in OPTIONS[modality].items()},
        seed=settings.seed,
        batch_size=batch_size_of(settings, device, modality),
        precision=settings.precision,
        device=str(device),
    )


def _refuse_unread(settings: ExtractSettings, modality: Modality, encoder: type[Encoder]) -> None:
    """Raise SettingError for the first changed setting that the encoder does not read."""
    unread = [setting for setting, option in OPTIONS[modality].items() if option not in encoder.reads]
    if modality is Modality.VIDEO:
        unread += [setting for setting, readers in FOR_FILMS.items() if not issubclass(encoder, readers)]
    for setting in unread:
        if settings.is_changed(setting):
            chosen = f"{modality}_encoder={getattr(settings, f'{modality}_encoder')}"
            raise SettingError(setting, f"has no effect with `{chosen}`; leave it out")
