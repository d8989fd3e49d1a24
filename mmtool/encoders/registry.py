"""Encoders by name; a name's libraries are imported only when it is asked for."""

from mmtool import choices
from mmtool.choices import EncoderPrecision, Pooling, VideoEncoder
from mmtool.encoders.contract import FrameEncoder, IntervalEncoder, TextEncoder
from mmtool.encoders.length import LengthEncoder
from mmtool.encoders.timing import TimingEncoder


def load_video_encoder(
    name: VideoEncoder,
    *,
    weights: str | None,
    seed: int,
    image_size: int | None,
    proposals: int | None,
    keep_regions: bool,
    batch_size: int,
    device: str,
    precision: EncoderPrecision = EncoderPrecision.FP32,
) -> FrameEncoder | IntervalEncoder:
    """Return the encoder of frames or of clip times; the latter has no use for the settings.

    ``weights`` is None (published), ``"random"`` (under ``seed``) or a path; ``image_size`` is the shorter
    side in pixels to which frames are scaled, ``proposals`` how many regions of a frame are looked at,
    None the model's own. Raises InputError where weights cannot be had.
    """
    if name is VideoEncoder.TIMING:
        return TimingEncoder()
    if name is VideoEncoder.FASTER_RCNN_VG:
        from mmtool.encoders.visual_genome import VisualGenomeDetector

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
    from mmtool.encoders.detection import FasterRcnnEncoder

    return FasterRcnnEncoder(
        name=name,
        weights=weights,
        seed=seed,
        image_size=image_size,
        proposals=proposals,
        keep_regions=keep_regions,
        batch_size=batch_size,
        device=device,
    )


def load_text_encoder(
    name: choices.TextEncoder,
    *,
    text_model: str | None,
    pooling: Pooling,
    weights: str | None,
    seed: int,
    batch_size: int,
    device: str,
) -> TextEncoder:
    """Return the encoder of snippets; ``length`` has no use for the settings.

    ``text_model`` is a hub name or a local folder, None BERT as published; ``weights`` is None (the
    model's own) or ``"random"`` (under ``seed``). Raises InputError where the model cannot be had.
    """
    if name is choices.TextEncoder.LENGTH:
        return LengthEncoder()
    from mmtool.encoders.bert import BertEncoder

    return BertEncoder(
        model=text_model, pooling=pooling, weights=weights, seed=seed, batch_size=batch_size, device=device
    )
