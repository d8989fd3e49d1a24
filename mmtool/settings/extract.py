"""Settings of ``extract``."""

import re
from dataclasses import dataclass, fields

from mmtool.choices import Device, EncoderPrecision, Engine, Pooling, RegionPrecision, TextEncoderName
from mmtool.errors import CallError
from mmtool.settings.checks import require

OF_VIDEO = (
    "video_weights",
    "video_model",
    "video_name",
    "image_size",
    "proposals",
    "frames",
    "keep_regions",
    "region_names",
    "workers",
    "engine",
)
OF_TEXT = ("text_weights", "text_model", "text_name", "pooling")


@dataclass(frozen=True, slots=True)
class ExtractSettings:
    """Which encoders, with which weights; a modality without an encoder is left alone."""

    video_encoder: str | None = None  # a choices.VideoEncoderName, or a classifier of torchvision.models
    text_encoder: TextEncoderName | None = None
    video_weights: str | None = None  # None: published; "random"; or a path
    text_weights: str | None = None
    video_model: str | None = (
        None  # of clip and lxmert: hub name or local folder; None: the encoder's default
    )
    text_model: str | None = None  # likewise, of every encoder of text but length
    video_name: str | None = None  # of the features file; None: the encoder's name
    text_name: str | None = None
    pooling: Pooling | None = None  # None: the encoder's own
    image_size: int | None = None  # shorter side in pixels; None: the detector's own
    proposals: int | None = None  # regions that the detector looks at; None: its own number
    frames: int = 1  # of a clip, uniformly spaced, whose features are averaged
    keep_regions: bool = False
    region_precision: RegionPrecision = RegionPrecision.FP32
    region_names: bool = False  # whether the file says what labels and attributes stand for
    seed: int = 0  # of random weights
    batch_size: int = 8
    precision: EncoderPrecision = EncoderPrecision.FP32
    device: Device = Device.AUTO
    workers: int = 1  # processes on this machine, a film each
    engine: Engine = Engine.LOCAL
    address: str | None = None  # of a Ray cluster; None: one of this machine, for this call
    force: bool = False

    def __post_init__(self) -> None:
        if self.video_encoder is None and self.text_encoder is None:
            raise CallError("nothing to extract: name --video-encoder, --text-encoder or both")
        if self.video_encoder is None:
            self._refuse("--video-encoder", *OF_VIDEO)
        if self.text_encoder is None:
            self._refuse("--text-encoder", *OF_TEXT)
        if not self.keep_regions:
            self._refuse("--keep-regions", "region_precision")
        for modality, name in (("video", self.video_name), ("text", self.text_name)):
            plain = name is None or re.fullmatch(r"[^/\\.+][^/\\+]*", name) is not None
            require(plain, f"{modality}-name", "a file's name, without / or +", repr(name))
        if self.video_name is not None and self.video_name == self.text_name:
            raise CallError(f"--video-name and --text-name are both {self.video_name}: give them two names")
        require(self.batch_size >= 1, "batch-size", "at least 1", self.batch_size)
        require(self.frames >= 1, "frames", "at least 1", self.frames)
        require(self.workers >= 1, "workers", "at least 1", self.workers)
        if self.address is not None and self.engine is not Engine.RAY:
            raise CallError("--address is that of a Ray cluster: add --engine ray")
        if self.engine is Engine.RAY and self.workers > 1:
            raise CallError("--workers is for one machine: Ray uses what its cluster has")
        require(
            self.image_size is None or self.image_size >= 32, "image-size", "at least 32", self.image_size
        )
        require(self.proposals is None or self.proposals >= 1, "proposals", "at least 1", self.proposals)

    def _refuse(self, missing: str, *names: str) -> None:
        """Raise CallError for the first of the settings that means nothing without an option."""
        defaults = {field.name: field.default for field in fields(self)}
        for name in names:
            if getattr(self, name) != defaults[name]:
                raise CallError(f"--{name.replace('_', '-')} means nothing without {missing}: add it")
