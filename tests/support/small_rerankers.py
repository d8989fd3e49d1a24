"""Small models that judge pairs, with random weights, in transformers' own folders."""

from pathlib import Path
from typing import Any

import torch
from transformers import (
    Blip2Config,
    Blip2ForImageTextRetrieval,
    BlipConfig,
    BlipForImageTextRetrieval,
    BlipImageProcessor,
    BridgeTowerConfig,
    BridgeTowerForImageAndTextRetrieval,
    BridgeTowerImageProcessor,
    ViltConfig,
    ViltForImageAndTextRetrieval,
    ViltImageProcessor,
)

from support.small_models import LAYERS, SIDE, WORDS, save_tokenizer

IDS = {"vocab_size": len(WORDS) + 2, "bos_token_id": 1, "eos_token_id": len(WORDS) - 1, "pad_token_id": 0}
LIMIT = 12  # tokens of a text
SQUARE = {"height": SIDE, "width": SIDE}


def save_blip(folder: Path, *, seed: int = 0, room: int = 2) -> Path:
    """A BLIP of 16 dimensions, with embeddings for so many tokens beside those of the tokenizer."""
    text = LAYERS | IDS | {"vocab_size": len(WORDS) + room, "max_position_embeddings": LIMIT}
    text |= {"encoder_hidden_size": 24, "is_decoder": True, "initializer_range": 0.3}
    vision = LAYERS | {"hidden_size": 24, "image_size": SIDE, "patch_size": 8, "initializer_range": 0.3}
    config = BlipConfig(text_config=text, vision_config=vision, image_text_hidden_size=8)
    _save(BlipForImageTextRetrieval, config, folder, seed)
    BlipImageProcessor(size=SQUARE).save_pretrained(folder)
    save_tokenizer(folder, limit=LIMIT)
    return folder


def save_blip2(folder: Path, *, seed: int = 0) -> Path:
    """A BLIP-2 with 3 queries of 16 dimensions; pictures of 24."""
    former = LAYERS | IDS | {"max_position_embeddings": LIMIT, "encoder_hidden_size": 24}
    former |= {"cross_attention_frequency": 2, "use_qformer_text_input": True, "initializer_range": 0.3}
    vision = LAYERS | {"hidden_size": 24, "image_size": SIDE, "patch_size": 8, "initializer_range": 0.3}
    config = Blip2Config(
        vision_config=vision, qformer_config=former, num_query_tokens=3, image_text_hidden_size=8
    )
    _save(Blip2ForImageTextRetrieval, config, folder, seed)
    BlipImageProcessor(size=SQUARE).save_pretrained(folder)
    save_tokenizer(folder, limit=LIMIT)
    return folder


def save_vilt(folder: Path, *, seed: int = 0, patches: int = -1) -> Path:
    """A ViLT of 16 dimensions that reads so many patches, or all."""
    config = ViltConfig(
        **LAYERS,
        vocab_size=len(WORDS),
        max_position_embeddings=LIMIT,
        image_size=SIDE,
        patch_size=8,
        max_image_length=patches,
        initializer_range=0.3,
    )
    _save(ViltForImageAndTextRetrieval, config, folder, seed)
    ViltImageProcessor(size={"shortest_edge": SIDE}, size_divisor=8).save_pretrained(folder)
    save_tokenizer(folder, limit=LIMIT)
    return folder


def save_bridgetower(folder: Path, *, seed: int = 0) -> Path:
    """A BridgeTower of 64 dimensions: towers of 3 layers, of which 2 are joint."""
    wide = {"hidden_size": 64, "num_hidden_layers": 3, "initializer_factor": 1.0}
    text = LAYERS | IDS | wide | {"max_position_embeddings": LIMIT + 1, "initializer_range": 0.3}
    vision = wide | {"image_size": SIDE, "patch_size": 8}
    config = BridgeTowerConfig(
        text_config=text,
        vision_config=vision,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        share_link_tower_layers=False,
        share_cross_modal_transformer_layers=True,
    )
    _save(BridgeTowerForImageAndTextRetrieval, config, folder, seed)
    BridgeTowerImageProcessor(
        size={"shortest_edge": SIDE}, crop_size={"shortest_edge": SIDE}, size_divisor=8
    ).save_pretrained(folder)
    save_tokenizer(folder, limit=LIMIT)
    return folder


def _save(kind: Any, config: Any, folder: Path, seed: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        kind(config).save_pretrained(folder)
