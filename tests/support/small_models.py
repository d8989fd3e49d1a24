"""Small models with random weights in transformers' own folders, and small films."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
import transformers
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    BertConfig,
    BitImageProcessor,
    ClapConfig,
    ClapFeatureExtractor,
    ClapModel,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    Dinov2Config,
    Dinov2Model,
    LlavaOnevisionVideoProcessor,
    LxmertConfig,
    LxmertModel,
    PeAudioFeatureExtractor,
    PeAudioVideoConfig,
    PeAudioVideoModel,
    PeVideoVideoProcessor,
    PreTrainedTokenizerFast,
    Siglip2Config,
    Siglip2ImageProcessor,
    Siglip2Model,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    VideoMAEImageProcessor,
    VJEPA2Config,
    VJEPA2Model,
    VJEPA2VideoProcessor,
    XCLIPConfig,
    XCLIPModel,
)

PADDING, UNKNOWN = "<pad>", "<unk>"
WORDS = [PADDING, "<start>", UNKNOWN, "a", "man", "opens", "the", "door", "he", "leaves", ".", "<end>"]
SIDE = 32  # pixels of the pictures
LAYERS = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}


def save_tokenizer(folder: Path, *, limit: int) -> None:
    """Lower-cased words of :data:`WORDS` between two special tokens."""
    tokens = Tokenizer(WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token=UNKNOWN))
    tokens.normalizer, tokens.pre_tokenizer = Lowercase(), Whitespace()
    first, last = "<start>", "<end>"
    ends = [(word, WORDS.index(word)) for word in (first, last)]
    tokens.post_processor = TemplateProcessing(single=f"{first} $A {last}", special_tokens=ends)
    PreTrainedTokenizerFast(
        tokenizer_object=tokens,
        model_max_length=limit,
        pad_token=PADDING,
        unk_token=UNKNOWN,
        bos_token=first,
        eos_token=last,
        cls_token=first,
        sep_token=last,
    ).save_pretrained(folder)


def save_bert_config(folder: Path) -> Path:
    """The form of a BERT of 16 dimensions, for random weights."""
    BertConfig(**LAYERS, vocab_size=1000, max_position_embeddings=64).save_pretrained(folder)
    return folder


def save_clip(folder: Path, *, seed: int = 0) -> Path:
    """A CLIP of 8 dimensions that reads at most 10 tokens."""
    ids = {"vocab_size": len(WORDS), "bos_token_id": 1, "eos_token_id": len(WORDS) - 1, "pad_token_id": 0}
    text = LAYERS | ids | {"max_position_embeddings": 10, "projection_dim": 8}
    vision = LAYERS | {"image_size": SIDE, "patch_size": 8, "projection_dim": 8}
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=8, initializer_factor=20.0)
    _save(CLIPModel, config, folder, seed)
    square = {"height": SIDE, "width": SIDE}
    CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size=square).save_pretrained(folder)
    save_tokenizer(folder, limit=77)
    return folder


def save_xclip(folder: Path, *, seed: int = 0) -> Path:
    """An X-CLIP of 8 dimensions for sequences of 4 frames, which reads at most 10 tokens."""
    ids = {"vocab_size": len(WORDS), "bos_token_id": 1, "eos_token_id": len(WORDS) - 1, "pad_token_id": 0}
    text = LAYERS | ids | {"max_position_embeddings": 10}
    frames = {
        "num_frames": 4,
        "mit_hidden_size": 8,
        "mit_intermediate_size": 16,
        "mit_num_attention_heads": 2,
    }
    vision = LAYERS | frames | {"image_size": SIDE, "patch_size": 8}
    config = XCLIPConfig(
        text_config=text,
        vision_config=vision,
        projection_dim=8,
        prompt_num_attention_heads=2,
        initializer_factor=20.0,
    )
    _save(XCLIPModel, config, folder, seed)
    square = {"height": SIDE, "width": SIDE}
    VideoMAEImageProcessor(size={"shortest_edge": SIDE}, crop_size=square).save_pretrained(folder)
    save_tokenizer(folder, limit=77)
    return folder


def save_videoprism(folder: Path, *, seed: int = 0) -> Path:
    """A VideoPrism of 16 dimensions for sequences of 4 frames, which reads at most 10 tokens."""
    if not hasattr(transformers, "VideoPrismConfig"):
        pytest.skip("this version of transformers has no VideoPrism")
    text = LAYERS | {"vocab_size": len(WORDS), "pad_token_id": 0, "max_position_embeddings": 10}
    vision = {name: LAYERS[name] for name in ("hidden_size", "intermediate_size", "num_attention_heads")} | {
        "image_size": SIDE,
        "tubelet_size": [1, 8, 8],
        "num_frames": 4,
        "num_spatial_layers": 1,
        "num_temporal_layers": 1,
        "num_auxiliary_layers": 1,
    }
    config = transformers.VideoPrismConfig(
        text_config={**text, "initializer_range": 0.5}, vision_config={**vision, "initializer_range": 0.5}
    )
    _save(transformers.VideoPrismClipModel, config, folder, seed)
    square = {"height": SIDE, "width": SIDE}
    LlavaOnevisionVideoProcessor(size=square, do_normalize=False).save_pretrained(folder)
    save_tokenizer(folder, limit=10)
    return folder


def save_vjepa2(folder: Path, *, seed: int = 0) -> Path:
    """A V-JEPA 2 of 16 dimensions for sequences of 4 frames."""
    predictor = {
        "pred_hidden_size": 16,
        "pred_num_attention_heads": 2,
        "pred_num_hidden_layers": 1,
        "pred_num_mask_tokens": 1,
    }
    layers = {name: LAYERS[name] for name in ("hidden_size", "num_hidden_layers", "num_attention_heads")}
    frames = {"patch_size": 8, "crop_size": SIDE, "frames_per_clip": 4, "tubelet_size": 2}
    _save(VJEPA2Model, VJEPA2Config(**layers, **frames, **predictor, initializer_range=0.5), folder, seed)
    VJEPA2VideoProcessor(crop_size=SIDE).save_pretrained(folder)
    return folder


def save_clap(folder: Path, *, seed: int = 0) -> Path:
    """A CLAP of 8 dimensions, which reads at most 10 tokens."""
    audio = {
        "patch_embeds_hidden_size": 16,
        "depths": [1, 1],
        "num_attention_heads": [2, 2],
        "hidden_size": 32,
    }
    text = LAYERS | {"vocab_size": len(WORDS), "pad_token_id": 0, "max_position_embeddings": 11}
    config = ClapConfig(audio_config=audio, text_config={**text, "initializer_range": 0.5}, projection_dim=8)
    _save(ClapModel, config, folder, seed)
    ClapFeatureExtractor(truncation="rand_trunc").save_pretrained(folder)
    save_tokenizer(folder, limit=77)
    return folder


def save_pe_av(folder: Path, *, seed: int = 0) -> Path:
    """A PE-AV of 16 dimensions for sequences of 4 frames, which reads at most 10 tokens."""
    vision = {
        "model_type": "timm_wrapper",
        "architecture": "vit_pe_core_tiny_patch16_384",
        "num_classes": 12,
        "model_args": {"img_size": SIDE, "patch_size": 8, "embed_dim": 16, "depth": 1, "num_heads": 2},
    }
    layers = LAYERS | {"head_dim": 8, "initializer_range": 0.5}
    codec = {"model_type": "dac", "downsampling_ratios": [10, 48], "codebook_dim": 8}
    ends = {"bos_token_id": 1, "cls_token_id": 1, "eos_token_id": 11, "sep_token_id": 11, "pad_token_id": 0}
    text = LAYERS | ends | {"vocab_size": len(WORDS), "max_position_embeddings": 10, "initializer_range": 0.5}
    config = PeAudioVideoConfig(
        text_config={**text, "model_type": "modernbert"},
        audio_video_config={
            **layers,
            "audio_config": {
                **layers,
                "model_type": "pe_audio_encoder",
                "dac_config": codec | {"encoder_hidden_size": 4},
            },
            "video_config": {**layers, "model_type": "pe_video_encoder", "vision_config": vision},
        },
    )
    config.audio_video_config.video_config.vision_config.num_labels = 12  # transformers 5.24 loses it
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = PeAudioVideoModel(config)
        for layer in model.audio_model.audio_encoder.embedder.modules():
            if isinstance(layer, torch.nn.Conv1d):
                layer.reset_parameters()  # from weights so small that all sounds are alike
        model.save_pretrained(folder)
    PeAudioFeatureExtractor(hop_length=480).save_pretrained(folder)
    half, size = [0.5, 0.5, 0.5], {"height": SIDE, "width": SIDE}
    steps = {"do_resize": True, "do_rescale": True, "do_normalize": True, "do_convert_rgb": True}
    prepare = PeVideoVideoProcessor(size=size, image_mean=half, image_std=half, num_frames=4, **steps)
    prepare.save_pretrained(folder)
    save_tokenizer(folder, limit=77)
    return folder


def save_dino(folder: Path, *, seed: int = 0) -> Path:
    """A DINOv2 of 16 dimensions."""
    config = Dinov2Config(**LAYERS, image_size=SIDE, patch_size=8, initializer_range=0.5)
    _save(Dinov2Model, config, folder, seed)
    square = {"height": SIDE, "width": SIDE}
    BitImageProcessor(size={"shortest_edge": SIDE}, crop_size=square).save_pretrained(folder)
    return folder


def save_siglip(folder: Path, *, seed: int = 0) -> Path:
    """A SigLIP of 16 dimensions that reads exactly 10 tokens."""
    ids = {"vocab_size": len(WORDS), "bos_token_id": 1, "eos_token_id": len(WORDS) - 1, "pad_token_id": 0}
    text = LAYERS | ids | {"max_position_embeddings": 10, "projection_size": 16}
    config = SiglipConfig(text_config=text, vision_config=LAYERS | {"image_size": SIDE, "patch_size": 8})
    _save(SiglipModel, config, folder, seed)
    SiglipImageProcessor(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)
    save_tokenizer(folder, limit=10)
    return folder


def save_naflex(folder: Path, *, seed: int = 0) -> Path:
    """A SigLIP 2 of 16 dimensions that sees up to 16 patches in any shape."""
    ids = {"vocab_size": len(WORDS), "bos_token_id": 1, "eos_token_id": len(WORDS) - 1, "pad_token_id": 0}
    text = LAYERS | ids | {"max_position_embeddings": 10, "projection_size": 16}
    vision = LAYERS | {"num_patches": 16, "patch_size": 8}
    _save(Siglip2Model, Siglip2Config(text_config=text, vision_config=vision), folder, seed)
    Siglip2ImageProcessor(patch_size=8, max_num_patches=16).save_pretrained(folder)
    save_tokenizer(folder, limit=10)
    return folder


def save_lxmert(folder: Path, *, seed: int = 0, visual: int = 12) -> Path:
    """An LXMERT of 16 dimensions with 3 language, 2 vision and 1 cross-modality layers, all of it."""
    config = LxmertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        intermediate_size=32,
        num_attention_heads=2,
        l_layers=3,
        r_layers=2,
        x_layers=1,
        visual_feat_dim=visual,
        max_position_embeddings=12,
        initializer_range=0.3,
    )
    _save(LxmertModel, config, folder, seed)
    save_tokenizer(folder, limit=12)
    return folder


def _save(kind: Any, config: Any, folder: Path, seed: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        kind(config).save_pretrained(folder)


def pictures(count: int, *, height: int = 48, width: int = 64) -> list[Any]:
    """Coloured rectangles on coloured grounds."""
    random = np.random.default_rng(0)
    frames = []
    for _ in range(count):
        frame = np.full((height, width, 3), random.integers(0, 256, 3), dtype=np.uint8)
        top, left = random.integers(0, height // 2), random.integers(0, width // 2)
        frame[top : top + height // 3, left : left + width // 3] = random.integers(0, 256, 3)
        frames.append(frame)
    return frames


def write_film(path: Path, frames: list[Any], *, each: int = 10) -> None:
    """A film that shows each picture for ``each`` frames, at 10 frames a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (width, height))
    for frame in frames:
        for _ in range(each):
            writer.write(frame[..., ::-1])
    writer.release()
