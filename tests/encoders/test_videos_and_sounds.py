"""VideoPrism, V-JEPA 2, and CLAP with its text side, against functions and forward of their classes."""

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize
from transformers import AutoFeatureExtractor, AutoModel, AutoTokenizer, AutoVideoProcessor

from mmtool.encoders.contract import EncoderOptions, FrameSequence
from mmtool.encoders.registry import load_text_encoder, load_video_encoder
from mmtool.errors import InputError
from support.small_models import (
    SIDE,
    pictures,
    save_clap,
    save_clip,
    save_videoprism,
    save_vjepa2,
    save_xclip,
)

TEXTS = ["A man opens the door.", "", "He leaves.", "the door"]
SEQUENCES = [  # of 4 frames: two that hold the same frames in another order, and one of another size
    FrameSequence(pictures(4), [0, 1, 2, 3]),
    FrameSequence(pictures(4)[::-1], [0, 1, 2, 3]),
    FrameSequence(pictures(4, height=70, width=40), [0, 1, 2, 3]),
]
SAVE = {"videoprism": save_videoprism, "vjepa2": save_vjepa2, "clap": save_clap}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {name: save(tmp_path_factory.mktemp(name)) for name, save in SAVE.items()}


def options(name, folder, **changes):
    return EncoderOptions(name, model=str(folder), **{"batch_size": 2} | changes)


def sounds(count=3, rate=48_000):
    dice = np.random.default_rng(0)
    return [dice.normal(0, 0.1, rate // 2 * (number + 1)).astype(np.float32) for number in range(count)]


def pixels_of(folder, sequence):
    """The frames as the model's own processor of videos prepares them."""
    prepare = AutoVideoProcessor.from_pretrained(folder)
    return prepare(videos=[np.stack(sequence.frames)], do_sample_frames=False, return_tensors="pt")


@torch.inference_mode()
def test_videoprism_is_that_of_its_class(folders):
    folder = folders["videoprism"]
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    words = tokenizer(TEXTS, padding="max_length", max_length=10, return_tensors="pt")
    seen = torch.cat([pixels_of(folder, each)["pixel_values_videos"] for each in SEQUENCES])
    whole = model(
        pixel_values_videos=seen, input_ids=words["input_ids"], attention_mask=words["attention_mask"]
    )
    video = load_video_encoder(options("videoprism", folder)).encode(SEQUENCES).features
    text = load_text_encoder(options("videoprism", folder)).encode(TEXTS)
    np.testing.assert_allclose(video, whole.video_embeds, atol=1e-5)
    np.testing.assert_allclose(text, whole.text_embeds, atol=1e-5)
    odds = np.exp(video @ text.T)
    np.testing.assert_allclose(odds / odds.sum(axis=0), whole.logits_per_video, atol=1e-5)
    assert np.abs(video[0] - video[1]).max() > 1e-3  # the order of frames counts


@torch.inference_mode()
def test_a_text_of_videoprism_does_not_depend_on_its_company(folders):
    """Its class reads texts in another way where it is given no mask: for a batch without padding."""
    encoder = load_text_encoder(options("videoprism", folders["videoprism"], batch_size=8))
    together = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


@torch.inference_mode()
def test_vjepa2_is_the_mean_over_its_encoder(folders):
    folder = folders["vjepa2"]
    model = AutoModel.from_pretrained(folder).eval()
    encoder = load_video_encoder(options("vjepa2", folder))
    assert (encoder.sampling.length, encoder.sampling.spacing) == (4, None)
    found = encoder.encode(SEQUENCES).features
    for sequence, row in zip(SEQUENCES, found, strict=True):
        literal = model.get_vision_features(**pixels_of(folder, sequence))[0].mean(dim=0)
        np.testing.assert_allclose(row, literal, atol=1e-5)
    assert np.abs(found[0] - found[1]).max() > 1e-3


@torch.inference_mode()
def test_clap_is_that_of_its_class(folders):
    folder, heard = folders["clap"], sounds()
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    prepare = AutoFeatureExtractor.from_pretrained(folder)
    words = tokenizer(TEXTS, padding=True, return_tensors="pt")
    seen = prepare(heard, sampling_rate=48_000, return_tensors="pt")
    whole = model(
        input_ids=words["input_ids"],
        attention_mask=words["attention_mask"],
        input_features=seen["input_features"],
        is_longer=torch.zeros(len(heard), 1, dtype=torch.bool),
    )
    sound = load_video_encoder(options("clap", folder)).encode(heard)
    text = load_text_encoder(options("clap", folder)).encode(TEXTS)
    np.testing.assert_allclose(sound, normalize(whole.audio_embeds, dim=1), atol=1e-5)
    np.testing.assert_allclose(text, normalize(whole.text_embeds, dim=1), atol=1e-5)
    assert np.array_equal(sound, load_video_encoder(options("sound", folder)).encode(heard))


@pytest.mark.parametrize("name", ["videoprism", "clap"])
def test_both_sides_share_a_space(folders, name):
    video = load_video_encoder(options(name, folders[name])).identity
    text = load_text_encoder(options(name, folders[name])).identity
    assert (video.name, text.name) == (f"{name}-video", f"{name}-text")
    assert video.settings["space"] == text.settings["space"]
    assert video.dimension == text.dimension


@pytest.mark.parametrize("name", SAVE)
def test_random_weights_need_only_a_configuration(folders, tmp_path, name):
    (tmp_path / "config.json").write_bytes((folders[name] / "config.json").read_bytes())
    untrained = options(name, tmp_path, weights="random")
    encoder = load_video_encoder(untrained)
    found = encoder.encode(sounds()) if name == "clap" else encoder.encode(SEQUENCES).features
    assert np.isfinite(found).all()
    assert np.ptp(found) > 0
    if name == "vjepa2":
        assert encoder.identity.settings["crop"] == SIDE
        return
    text = load_text_encoder(untrained)
    assert np.isfinite(text.encode([*TEXTS, "a " * 20])).all()
    assert text.truncated == 1
    assert text.identity.settings["space"] == encoder.identity.settings["space"]


@pytest.mark.parametrize(
    ("name", "save", "problem"),
    [
        ("videoprism", save_xclip, "type xclip, not a VideoPrism model with a text side"),
        ("vjepa2", save_videoprism, "type videoprism, not a V-JEPA 2 model"),
        ("clap", save_clip, "type clip, not a CLAP model"),
        ("clip", save_videoprism, "type videoprism, not a CLIP or SigLIP model"),
        ("clip", save_clap, "type clap, not a CLIP or SigLIP model"),
    ],
)
def test_another_kind_of_model_is_refused(tmp_path, name, save, problem):
    with pytest.raises(InputError, match=problem):
        load_video_encoder(options(name, save(tmp_path)))
