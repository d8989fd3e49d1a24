"""Small models of every encoder that computes with torch, and the options that load them."""

from concurrent.futures import Future

from mmtool.encoders.contract import EncoderOptions, FrameSequence
from mmtool.encoders.registry import load_text_encoder
from mmtool.encoders.spoken import SpokenEncoder
from mmtool.model_names import TEXT_ENCODERS, VIDEO_ENCODERS
from support.literal_visual_genome import folder_of, small_checkpoint
from support.small_models import (
    pictures,
    save_bert_config,
    save_clap,
    save_clip,
    save_dino,
    save_lxmert,
    save_pe_av,
    save_siglip,
    save_videoprism,
    save_vjepa2,
    save_xclip,
)
from support.small_rerankers import save_blip, save_blip2

FRAMES = pictures(5)
SEQUENCES = [FrameSequence(pictures(4), range(4)), FrameSequence(pictures(4)[::-1], range(4))]
TEXTS = ["A man opens the door.", "He leaves.", "The door.", "A man leaves the door. He opens. He leaves."]
SAID = ["A man.", "", "He opens the door. He leaves.", "The door."]  # nothing is said in one clip
WITHOUT_TORCH = {"timing", "length", "motion", "audio"}
OF_SOUND = {"sound", "pe-av-sound"}  # which sees neither frames nor texts
VIDEO = [
    "resnet18",
    "mobilenet_v3_small",
    "clip",
    "dino",
    "siglip",
    "siglip2",
    "xclip",
    "videoprism",
    "vjepa2",
    "pe-av",
    "blip",
    "blip2",
    "faster-rcnn-mobilenet",
    "faster-rcnn-resnet50",
    "faster-rcnn-vg",
    "lxmert",
]
TEXT = [
    "bert",
    "sentence",
    "lxmert",
    "clip",
    "siglip",
    "siglip2",
    "xclip",
    "videoprism",
    "clap",
    "pe-av",
    "blip",
    "blip2",
]


def untested() -> set[str]:
    """The encoders of mmtool's own that neither list has, and that compute with torch."""
    return {*VIDEO_ENCODERS, *TEXT_ENCODERS} - {*VIDEO, *TEXT, "spoken"} - WITHOUT_TORCH - OF_SOUND


def save_models(root):
    """Folders of small models, by name."""
    (root / "detector").mkdir()
    return {
        "bert": save_bert_config(root / "bert"),
        "clip": save_clip(root / "clip"),
        "dino": save_dino(root / "dino"),
        "siglip": save_siglip(root / "siglip"),
        "siglip2": save_siglip(root / "siglip2"),
        "xclip": save_xclip(root / "xclip"),
        "videoprism": save_videoprism(root / "videoprism"),
        "vjepa2": save_vjepa2(root / "vjepa2"),
        "clap": save_clap(root / "clap"),
        "pe-av": save_pe_av(root / "pe-av"),
        "blip": save_blip(root / "blip"),
        "blip2": save_blip2(root / "blip2"),
        "lxmert": save_lxmert(root / "lxmert", visual=28),
        "detector": folder_of(small_checkpoint(), root / "detector"),
    }


def seen_by(name):
    """What an encoder is tried with."""
    return SEQUENCES if name in ("xclip", "videoprism", "vjepa2", "pe-av") else FRAMES


def video_options(name, models, **changes):
    options = {"batch_size": 3} | changes
    if name == "dino":
        return EncoderOptions(name, model=str(models[name]), **options)
    if name in ("clip", "siglip"):
        return EncoderOptions("clip", model=str(models[name]), **options)
    if name in ("siglip2", "xclip", "videoprism", "vjepa2", "pe-av", "clap", "blip", "blip2"):
        return EncoderOptions(name, model=str(models[name]), **options)
    if name in ("faster-rcnn-vg", "lxmert"):
        options |= {"weights": str(models["detector"]), "image_size": 64, "proposals": 30}
        return EncoderOptions(name, model=str(models["lxmert"]) if name == "lxmert" else None, **options)
    if name.startswith("faster"):
        options |= {"image_size": 64, "proposals": 30}
    return EncoderOptions(name, weights="random", **options)


def text_options(name, models, **changes):
    options = {"batch_size": 3} | changes
    if name in ("bert", "sentence"):
        return EncoderOptions(name, model=str(models["bert"]), weights="random", **options)
    return EncoderOptions("clip" if name == "siglip" else name, model=str(models[name]), **options)


def spoken_encoder(name, models, **changes):
    """The encoder of what is said, through an encoder of texts."""
    text = load_text_encoder(text_options(name, models, **changes))
    return SpokenEncoder(EncoderOptions("spoken", device=changes.get("device", "cpu")), text)


class InThisThread:
    """A pool whose work is done at once, where the pretended GPU is."""

    def __init__(self, threads, initializer, initargs):
        assert threads == 1
        initializer(*initargs)

    def submit(self, work, *arguments):
        future = Future()
        future.set_result(work(*arguments))
        return future

    def shutdown(self, **_):
        pass
