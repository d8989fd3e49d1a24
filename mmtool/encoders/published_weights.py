"""Which published weights are already on this machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from huggingface_hub import try_to_load_from_cache

from mmtool.encoders.dual import clap, lxmert_models, pe_av, siglip2, videoprism, xclip
from mmtool.encoders.dual import clip_models as dual_models
from mmtool.encoders.faster_rcnn.models import ARCHITECTURES
from mmtool.encoders.pretrained.pictures import DINO
from mmtool.encoders.pretrained.sounds import SOUND
from mmtool.encoders.pretrained.videos import VJEPA2
from mmtool.encoders.rerankers import blip, blip2, bridgetower, vilt
from mmtool.encoders.tokens import models as text_models
from mmtool.encoders.tokens import sentence
from mmtool.encoders.visual_genome import weights as visual_genome_weights


@dataclass(frozen=True, slots=True)
class PublishedWeights:
    """The weights that an encoder loads by default, and whether they were found on this machine."""

    encoder: str
    name: str
    found: bool


def published_weights() -> Iterator[PublishedWeights]:
    """Look into the caches of torch and of the hub without downloading anything."""
    checkpoints = Path(torch.hub.get_dir()) / "checkpoints"
    for detector, architecture in ARCHITECTURES.items():
        name = architecture.published.url.rpartition("/")[2]
        yield PublishedWeights(detector, name, (checkpoints / name).is_file())
    for encoder, model in (
        ("bert", text_models.PUBLISHED),
        ("sentence", sentence.PUBLISHED),
        ("dino", DINO.published),
        ("sound", SOUND.published),
        ("lxmert", lxmert_models.PUBLISHED),
        ("clip", dual_models.CLIP_FAMILY.published),
        ("siglip2", siglip2.PUBLISHED),
        ("xclip", xclip.XCLIP_FAMILY.published),
        ("videoprism", videoprism.VIDEOPRISM_FAMILY.published),
        ("vjepa2", VJEPA2.published),
        ("clap", clap.CLAP_FAMILY.published),
        ("pe-av", pe_av.PE_AV_FAMILY.published),
        ("blip", blip.BLIP.default),
        ("blip2", blip2.BLIP2.default),
        ("vilt", vilt.VILT.default),
        ("bridgetower", bridgetower.BRIDGETOWER.default),
        (visual_genome_weights.NAME, visual_genome_weights.PUBLISHED),
    ):
        cached = [try_to_load_from_cache(model, file) for file in visual_genome_weights.TENSORS]
        yield PublishedWeights(encoder, model, any(isinstance(path, str) for path in cached))
