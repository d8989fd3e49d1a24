"""The encoders that settings of ``extract`` name."""

from mmtool.choices import TextEncoderName
from mmtool.encoders import contract
from mmtool.encoders.contract import FrameEncoder, IntervalEncoder
from mmtool.encoders.registry import load_text_encoder, load_video_encoder
from mmtool.records import EncoderIdentity
from mmtool.settings.extract import ExtractSettings
from mmtool.stages.shared.devices import resolve_device


def make_video_encoder(settings: ExtractSettings) -> FrameEncoder | IntervalEncoder:
    """Load the encoder; raises InputError where its weights cannot be had, CallError for wrong settings."""
    if settings.video_encoder is None:
        raise ValueError("no video encoder")
    return load_video_encoder(
        settings.video_encoder,
        video_model=settings.video_model,
        weights=settings.video_weights,
        seed=settings.seed,
        image_size=settings.image_size,
        proposals=settings.proposals,
        keep_regions=settings.keep_regions,
        batch_size=settings.batch_size,
        precision=settings.precision,
        device=resolve_device(settings.device).type,
    )


def make_text_encoder(name: TextEncoderName, settings: ExtractSettings) -> contract.TextEncoder:
    """Load the encoder; raises InputError where its weights cannot be had, CallError for wrong settings."""
    return load_text_encoder(
        name,
        weights=settings.text_weights,
        seed=settings.seed,
        text_model=settings.text_model,
        pooling=settings.pooling,
        batch_size=settings.batch_size,
        precision=settings.precision,
        device=resolve_device(settings.device).type,
    )


def identify_encoders(settings: ExtractSettings) -> list[EncoderIdentity]:
    """Load the encoders of video and text, and say which they are; nothing is read or written else.

    Raises InputError where weights cannot be had, CallError for settings that do not fit.
    """
    found = []
    if settings.video_encoder is not None:
        found.append(make_video_encoder(settings).identity)
    if settings.text_encoder is not None:
        found.append(make_text_encoder(settings.text_encoder, settings).identity)
    return found
