"""DINO, AST, CLAP and Whisper's encoder: what the classes of transformers give, whatever the batch."""

import numpy as np
import pytest
import torch
from transformers import (
    ASTConfig,
    ASTFeatureExtractor,
    ASTModel,
    BitImageProcessor,
    ClapConfig,
    ClapFeatureExtractor,
    ClapModel,
    Dinov2Config,
    Dinov2Model,
    DINOv3ViTConfig,
    DINOv3ViTModel,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperModel,
)

from mmtool.encoders.contract import EncoderOptions
from mmtool.encoders.registry import load_video_encoder
from mmtool.errors import InputError
from support.small_models import LAYERS, pictures
from support.speech import recording

SIDE = 28
WIDE = {**LAYERS, "initializer_range": 0.5}
SIZES = {"size": {"height": SIDE, "width": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}


def save(folder, model, config, prepare):
    torch.manual_seed(0)
    made = model(config).eval()
    made.save_pretrained(folder)
    prepare.save_pretrained(folder)
    return made


def picture_model(folder, kind):
    prepare = BitImageProcessor(size={"shortest_edge": SIDE}, crop_size=SIZES["crop_size"])
    if kind == "dinov2":
        return save(folder, Dinov2Model, Dinov2Config(**WIDE, image_size=SIDE, patch_size=14), prepare)
    config = DINOv3ViTConfig(**WIDE, image_size=SIDE, patch_size=14, num_register_tokens=1)
    return save(folder, DINOv3ViTModel, config, prepare)


@pytest.mark.parametrize("kind", ["dinov2", "dinov3"])
def test_dino_is_the_pooled_output_of_its_class(tmp_path, kind):
    model = picture_model(tmp_path, kind)
    frames = pictures(5, height=40, width=60)
    prepared = BitImageProcessor.from_pretrained(tmp_path)(frames, return_tensors="pt")
    with torch.inference_mode():
        wanted = model(**prepared).pooler_output.numpy()
    for batch_size in (1, 3, 5):
        options = EncoderOptions("dino", model=str(tmp_path), batch_size=batch_size)
        np.testing.assert_allclose(load_video_encoder(options).encode(frames).features, wanted, atol=1e-4)


def sound_model(folder, kind):
    if kind == "ast":
        config = ASTConfig(**WIDE, max_length=128, num_mel_bins=32)
        return save(folder, ASTModel, config, ASTFeatureExtractor(max_length=128, num_mel_bins=32))
    if kind == "whisper":
        config = WhisperConfig(
            d_model=16,
            encoder_layers=2,
            encoder_attention_heads=2,
            encoder_ffn_dim=32,
            decoder_layers=1,
            decoder_attention_heads=2,
            decoder_ffn_dim=32,
            vocab_size=20,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
            decoder_start_token_id=1,
            init_std=0.2,
        )
        return save(folder, WhisperModel, config, WhisperFeatureExtractor())
    audio = {
        "patch_embeds_hidden_size": 16,
        "depths": [1, 1],
        "num_attention_heads": [2, 2],
        "hidden_size": 32,
    }
    text = {**LAYERS, "vocab_size": 20, "num_hidden_layers": 1}
    config = ClapConfig(audio_config=audio, text_config=text, projection_dim=8)
    return save(folder, ClapModel, config, ClapFeatureExtractor(truncation="rand_trunc"))


def literal(kind, model, prepare, sound):
    """The class's own forward on one sound that the network hears whole."""
    inputs = prepare([sound], sampling_rate=prepare.sampling_rate, return_tensors="pt")
    with torch.inference_mode():
        if kind == "ast":
            return model(**inputs).pooler_output[0].numpy()
        if kind == "whisper":
            steps = model.get_encoder()(inputs["input_features"]).last_hidden_state[0]
            return steps[: -(-len(sound) // 320)].mean(dim=0).numpy()
        row = model.get_audio_features(**inputs)
        row = (row if isinstance(row, torch.Tensor) else row.pooler_output)[0].numpy()
    return row / np.linalg.norm(row)


@pytest.mark.parametrize("kind", ["ast", "whisper", "clap"])
def test_sounds_as_the_class_hears_them(tmp_path, kind):
    model = sound_model(tmp_path, kind)
    encoder = load_video_encoder(EncoderOptions("sound", model=str(tmp_path), batch_size=2))
    speech = recording()[: 2 * encoder.rate]
    sounds = [speech[: encoder.rate // 2], speech, speech[1000 : encoder.rate]]
    found = encoder.encode(sounds)
    wanted = [literal(kind, model, encoder._prepare, sound) for sound in sounds]
    np.testing.assert_allclose(found, np.stack(wanted), atol=1e-4)
    assert found.shape == (3, encoder.identity.dimension)
    assert np.abs(found[0] - found[1]).max() > 1e-4


def test_long_sounds_are_the_mean_of_equal_pieces(tmp_path):
    sound_model(tmp_path, "ast")
    encoder = load_video_encoder(EncoderOptions("sound", model=str(tmp_path)))
    long = np.tile(recording(), 2)[: 15 * encoder.rate]
    halves = encoder.encode(np.array_split(long, 2))
    np.testing.assert_allclose(encoder.encode([long])[0], halves.mean(axis=0), atol=1e-5)


def test_other_models_are_refused(tmp_path):
    picture_model(tmp_path, "dinov2")
    with pytest.raises(
        InputError, match=r"of type dinov2, not a sound model \(audio-spectrogram-transformer"
    ):
        load_video_encoder(EncoderOptions("sound", model=str(tmp_path)))
    with pytest.raises(InputError, match="not a local folder"):
        load_video_encoder(EncoderOptions("dino", model=str(tmp_path / "none")))
    random = load_video_encoder(EncoderOptions("dino", model=str(tmp_path), weights="random"))
    assert np.isfinite(random.encode(pictures(2)).features).all()
