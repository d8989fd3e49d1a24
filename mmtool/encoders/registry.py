"""Encoders by name; a name's libraries are imported only when it is asked for."""

from mmtool import choices
from mmtool.choices import EncoderPrecision, Pooling, VideoEncoderName
from mmtool.encoders.contract import FrameEncoder, IntervalEncoder, TextEncoder
from mmtool.encoders.counting.length import LengthEncoder
from mmtool.encoders.counting.timing import TimingEncoder
from mmtool.errors import CallError

RANDOM = "random"


def load_video_encoder(
    name: str,
    *,
    video_model: str | None,
    weights: str | None,
    seed: int,
    image_size: int | None,
    proposals: int | None,
    keep_regions: bool,
    batch_size: int,
    precision: EncoderPrecision,
    device: str,
) -> FrameEncoder | IntervalEncoder:
    """Return the encoder of frames or of clip times.

    ``name`` is one of :class:`mmtool.choices.VideoEncoderName` or a classifier of ``torchvision.models``;
    ``video_model`` (of clip and lxmert) is a hub name or a local folder, None the encoder's default;
    ``weights`` is None (published), ``"random"`` (under ``seed``) or a file, of the detector where the
    encoder is lxmert; ``image_size`` is the shorter side in pixels to which a detector scales frames,
    ``proposals`` how many regions of a frame it looks at, None the model's own. Raises InputError where
    weights cannot be had, CallError for an unknown name or for settings that the encoder has no use for.
    """
    if name == VideoEncoderName.TIMING:
        _refuse(name, "networks", video_weights=weights, video_model=video_model)
        _refuse(name, "detectors", image_size=image_size, proposals=proposals, keep_regions=keep_regions)
        return TimingEncoder()
    if name not in (VideoEncoderName.CLIP, VideoEncoderName.LXMERT) and video_model is not None:
        raise CallError(f"--video-model is of clip and lxmert; {name} is a model itself")
    if name in (VideoEncoderName.FASTER_RCNN_RESNET50, VideoEncoderName.FASTER_RCNN_MOBILENET):
        from mmtool.encoders.faster_rcnn.encoder import FasterRcnnEncoder

        return FasterRcnnEncoder(
            name=VideoEncoderName(name),
            weights=weights,
            seed=seed,
            image_size=image_size,
            proposals=proposals,
            keep_regions=keep_regions,
            batch_size=batch_size,
            precision=precision,
            device=device,
        )
    if name == VideoEncoderName.FASTER_RCNN_VG:
        from mmtool.encoders.visual_genome.encoder import VisualGenomeDetector

        return VisualGenomeDetector(
            weights=weights,
            seed=seed,
            image_size=image_size,
            proposals=proposals,
            keep_regions=keep_regions,
            batch_size=batch_size,
            precision=precision,
            device=device,
        )
    if name == VideoEncoderName.LXMERT:
        from mmtool.encoders.dual.lxmert import LxmertFrameEncoder
        from mmtool.encoders.visual_genome.encoder import VisualGenomeDetector

        return LxmertFrameEncoder(
            detector=VisualGenomeDetector(
                weights=weights,
                seed=seed,
                image_size=image_size,
                proposals=proposals,
                keep_regions=True,
                batch_size=batch_size,
                precision=precision,
                device=device,
            ),
            model=video_model,
            weights=RANDOM if weights == RANDOM else None,
            seed=seed,
            keep_regions=keep_regions,
            batch_size=batch_size,
            precision=precision,
            device=device,
        )
    _refuse(name, "detectors", image_size=image_size, proposals=proposals, keep_regions=keep_regions)
    if name == VideoEncoderName.CLIP:
        from mmtool.encoders.dual.clip import ClipFrameEncoder

        return ClipFrameEncoder(
            model=video_model,
            weights=weights,
            seed=seed,
            batch_size=batch_size,
            precision=precision,
            device=device,
        )
    from mmtool.encoders.classifiers.encoder import ClassifierEncoder

    return ClassifierEncoder(
        name=name, weights=weights, seed=seed, batch_size=batch_size, precision=precision, device=device
    )


def _refuse(name: str, owners: str, **settings: str | int | None) -> None:
    """Raise CallError for the first setting that was asked of an encoder that is none of its owners."""
    for option, value in settings.items():
        if value not in (None, False):
            raise CallError(f"--{option.replace('_', '-')} is of {owners}; {name} has no use for it")


def load_text_encoder(
    name: choices.TextEncoderName,
    *,
    text_model: str | None,
    pooling: Pooling | None,
    weights: str | None,
    seed: int,
    batch_size: int,
    precision: EncoderPrecision,
    device: str,
) -> TextEncoder:
    """Return the encoder of snippets.

    ``text_model`` is a hub name or a local folder, None the encoder's default; ``pooling`` None is the
    encoder's own; ``weights`` is None (the model's own) or ``"random"`` (under ``seed``). Raises
    InputError where the model cannot be had, CallError for settings that the encoder has no use for.
    """
    if name is choices.TextEncoderName.LENGTH:
        _refuse(name, "networks", text_weights=weights, text_model=text_model, pooling=pooling)
        return LengthEncoder()
    if name is choices.TextEncoderName.CLIP:
        from mmtool.encoders.dual.clip import ClipTextEncoder

        if pooling is not None:
            raise CallError("--pooling is of bert and lxmert; clip pools by itself")
        return ClipTextEncoder(
            model=text_model,
            weights=weights,
            seed=seed,
            batch_size=batch_size,
            precision=precision,
            device=device,
        )
    if name is choices.TextEncoderName.LXMERT:
        from mmtool.encoders.dual.lxmert import LxmertTextEncoder

        return LxmertTextEncoder(
            model=text_model,
            pooling=pooling,
            weights=weights,
            seed=seed,
            batch_size=batch_size,
            precision=precision,
            device=device,
        )
    from mmtool.encoders.tokens.bert import BertEncoder

    return BertEncoder(
        model=text_model,
        pooling=pooling,
        weights=weights,
        seed=seed,
        batch_size=batch_size,
        precision=precision,
        device=device,
    )
