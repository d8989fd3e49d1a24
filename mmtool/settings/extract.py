"""Settings of ``extract``."""

import re
from dataclasses import dataclass
from typing import Annotated

from mmtool.choices import EncoderPrecision, Engine, Modality, Pooling, RegionPrecision
from mmtool.errors import CallError, SettingError
from mmtool.model_names import TEXT_ENCODERS, VIDEO_ENCODERS
from mmtool.settings.devices import AUTO, CPU, CUDA, DEVICES, check_device
from mmtool.settings.options import Option, Settings, settings_of

ENCODERS, MODELS, FRAMES, REGIONS = "Encoders", "Models and weights", "Frames", "Regions"
SPOKEN = "spoken"
COMPUTING, OUTPUT = "Computing", "Output"
NEEDED_BY = {  # settings that have an effect only together with another one
    "video_encoder": (
        "video_weights",
        "video_model",
        "video_name",
        "image_size",
        "proposals",
        "frames",
        "keep_frames",
        "keep_regions",
        "region_names",
        "workers",
        "engine",
    ),
    "text_encoder": ("text_weights", "text_model", "text_name", "pooling", "prompt", "keep_words"),
    "keep_regions": ("region_precision",),
}
FILE_NAME = re.compile(r"[^/\\.+][^/\\+]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractSettings(Settings):
    """Which encoders extract features; a modality without an encoder is skipped.

    Which of the settings of models, frames and regions have an effect depends on the encoder; those that it
    does not read are refused.
    """

    video_encoder: Annotated[
        str | None,
        Option(
            f"Encoder of clips: {', '.join(VIDEO_ENCODERS)}, a classifier of torchvision.models such as "
            "resnet50, or the encoder of a plug-in. motion, audio and timing need no weights; "
            "spoken gives each clip the text encoder's features of what is said in it.",
            heading=ENCODERS,
            default="no video features",
            metavar="NAME",
            completion="video encoders",
        ),
    ] = None
    text_encoder: Annotated[
        str | None,
        Option(
            f"Encoder of snippets: {', '.join(TEXT_ENCODERS)}, or the encoder of a plug-in. length counts "
            "words and characters, without weights.",
            heading=ENCODERS,
            default="no text features",
            metavar="NAME",
            completion="text encoders",
        ),
    ] = None
    video_model: Annotated[
        str | None,
        Option(
            "Model of the hub, or a local folder: CLIP or SigLIP for clip, X-CLIP for xclip, VideoPrism, "
            "V-JEPA 2 or CLAP for the encoders of these names, PE-AV for pe-av and pe-av-sound, "
            "LXMERT for lxmert, DINOv2 or DINOv3 for dino, AST, CLAP or Whisper for sound.",
            heading=MODELS,
            default="the one that the documentation of encoders names",
            metavar="NAME|FOLDER",
        ),
    ] = None
    text_model: Annotated[
        str | None,
        Option(
            "Model of the hub, or a local folder: a BERT-family model for bert, one of sentence-transformers "
            "for sentence; for clip and lxmert, the "
            "model that encodes the videos.",
            heading=MODELS,
            default="bert-base-uncased, all-MiniLM-L6-v2, or as for videos",
            metavar="NAME|FOLDER",
        ),
    ] = None
    video_weights: Annotated[
        str | None,
        Option(
            "Weights of the detector or classifier; random also leaves clip and lxmert untrained.",
            heading=MODELS,
            default="the published ones",
            metavar="PATH|random",
        ),
    ] = None
    text_weights: Annotated[
        str | None,
        Option(
            "Untrained weights for the text model.",
            heading=MODELS,
            default="the published ones",
            metavar="random",
        ),
    ] = None
    seed: Annotated[int, Option("Seed of random weights.", heading=MODELS)] = 0
    pooling: Annotated[
        Pooling | None,
        Option(
            "How token features become one feature: the mean of all tokens, the mean of the words without "
            "special tokens, or the first token.",
            heading=MODELS,
            default="mean for bert, words for lxmert",
        ),
    ] = None
    prompt: Annotated[
        str | None,
        Option(
            "Text put before each snippet, or the name of one of the model's prompts (sentence only).",
            heading=MODELS,
            default="the model's own",
            metavar="TEXT",
        ),
    ] = None
    frames: Annotated[
        int,
        Option(
            "Frames (or sequences) per clip, uniformly spaced, whose features are averaged.",
            heading=FRAMES,
            at_least=1,
        ),
    ] = 1
    keep_frames: Annotated[
        bool, Option("Store the features of each frame (or sequence) beside their mean.", heading=FRAMES)
    ] = False
    keep_words: Annotated[
        bool,
        Option(
            "Store the state of each word of a snippet beside its feature (bert, lxmert).", heading=FRAMES
        ),
    ] = False
    image_size: Annotated[
        int | None,
        Option(
            "Shorter side in pixels to which frames are scaled (detectors only).",
            heading=FRAMES,
            at_least=32,
            default="the detector's own",
        ),
    ] = None
    proposals: Annotated[
        int | None,
        Option(
            "Regions of a frame that the detector looks at; fewer are faster.",
            heading=REGIONS,
            at_least=1,
            default="the detector's own",
        ),
    ] = None
    keep_regions: Annotated[
        bool, Option("Store the box, score, class and features of each region.", heading=REGIONS)
    ] = False
    region_precision: Annotated[
        RegionPrecision, Option("Precision of stored region features.", heading=REGIONS)
    ] = RegionPrecision.FP32
    region_names: Annotated[
        bool, Option("Store the names of the detector's classes and attributes.", heading=REGIONS)
    ] = False
    batch_size: Annotated[
        int | None,
        Option(
            "Frames or snippets encoded at a time.",
            heading=COMPUTING,
            at_least=1,
            default="8; on a GPU, as many as its memory allows",
        ),
    ] = None
    precision: Annotated[
        EncoderPrecision,
        Option(
            "Precision of networks; in detectors, only of the region head. fp16 is for GPUs.",
            heading=COMPUTING,
        ),
    ] = EncoderPrecision.FP32
    device: Annotated[
        str, Option(f"Device for networks: {DEVICES}.", heading=COMPUTING, metavar="DEVICE")
    ] = AUTO
    workers: Annotated[
        int,
        Option(
            "Processes on this machine, one film each, with OMP_NUM_THREADS threads each; GPUs are taken in "
            "turns.",
            heading=COMPUTING,
            at_least=1,
        ),
    ] = 1
    engine: Annotated[
        Engine,
        Option(
            "Where films are encoded: on this machine, or on a Ray cluster (needs the extra ray), whose "
            "machines all need the same films, weights and versions.",
            heading=COMPUTING,
        ),
    ] = Engine.LOCAL
    address: Annotated[
        str | None,
        Option(
            "Address of a running Ray cluster.",
            heading=COMPUTING,
            default="a cluster on this machine, for this call",
            metavar="HOST:PORT",
        ),
    ] = None
    video_name: Annotated[
        str | None,
        Option("Name of the video features.", heading=OUTPUT, default="the encoder's", metavar="NAME"),
    ] = None
    text_name: Annotated[
        str | None,
        Option("Name of the text features.", heading=OUTPUT, default="the encoder's", metavar="NAME"),
    ] = None
    force: Annotated[bool, Option("Extract again, replacing earlier features.", heading=OUTPUT)] = False

    def check(self) -> None:
        check_device(self.device)
        if self.video_encoder is None and self.text_encoder is None:
            raise CallError("nothing to extract: name `video_encoder`, `text_encoder` or both")
        if self.video_encoder == SPOKEN and self.text_encoder is None:
            raise SettingError("video_encoder", f"{SPOKEN} encodes speech as text: name the `text_encoder`")
        for needed, names in NEEDED_BY.items():
            if not getattr(self, needed):
                for name in names:
                    if self.is_changed(name):
                        raise SettingError(name, f"has no effect without `{needed}`")
        for modality in Modality:
            name = getattr(self, f"{modality}_name")
            if name is not None and not FILE_NAME.fullmatch(name):
                raise SettingError(f"{modality}_name", f"must be a file name without / or +, not {name!r}")
        if self.video_name is not None and self.video_name == self.text_name:
            raise SettingError("text_name", f"must differ from `video_name`, which is {self.video_name} too")
        if self.address is not None and self.engine is not Engine.RAY:
            raise SettingError("address", "has no effect without `engine=ray`")
        if self.engine is Engine.RAY and self.device not in (AUTO, CPU, CUDA):
            raise SettingError("device", f"cannot be {self.device} with `engine=ray`; use auto, cpu or cuda")
        if self.engine is Engine.RAY and self.workers > 1:
            raise SettingError("workers", "has no effect with `engine=ray`, which uses the whole cluster")

    def is_changed(self, name: str) -> bool:
        """Whether a setting differs from its default."""
        return bool(getattr(self, name) != settings_of(type(self))[name].default)
