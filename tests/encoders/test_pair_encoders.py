"""SigLIP 2, BLIP and BLIP-2 as encoders of frames and snippets, against the forward of their classes."""

import numpy as np
import pytest
import torch
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

from mmtool.encoders.contract import EncoderOptions
from mmtool.encoders.registry import load_text_encoder, load_video_encoder
from mmtool.encoders.rerankers.contract import RerankerOptions
from mmtool.encoders.rerankers.registry import load_reranker
from mmtool.errors import InputError
from mmtool.retrieval.contract import ClipFrames
from support.small_models import pictures, save_clip, save_naflex, save_siglip
from support.small_rerankers import save_blip, save_blip2

TEXTS = ["a man opens the door .", "he leaves", "a"]
SAVE = {"siglip2": save_siglip, "blip": save_blip, "blip2": save_blip2}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {name: save(tmp_path_factory.mktemp(name)) for name, save in SAVE.items()}


def sides(name, folder):
    options = EncoderOptions(name, model=str(folder), batch_size=2)
    return load_video_encoder(options), load_text_encoder(options)


@pytest.mark.parametrize("name", SAVE)
def test_both_sides_share_a_space_and_are_called_by_their_name(name, folders):
    video, text = sides(name, folders[name])
    assert (video.identity.name, text.identity.name) == (f"{name}-video", f"{name}-text")
    assert video.identity.settings["space"] == text.identity.settings["space"]
    assert video.encode(pictures(3)).features.shape == (3, video.identity.dimension)
    assert text.encode(TEXTS).shape == (3, text.identity.dimension)


@pytest.mark.parametrize("name", ["blip", "blip2"])
def test_they_are_the_dual_encoder_of_the_reranker(name, folders):
    video, text = sides(name, folders[name])
    matcher = load_reranker(str(folders[name]), RerankerOptions(enc_token=False))
    clips = matcher.clips([ClipFrames(frame[None]) for frame in pictures(3)]).embeddings
    vectors = video.encode(pictures(3)).features.reshape(3, matcher.vectors, -1)
    unit = vectors / np.linalg.norm(vectors, axis=2, keepdims=True)
    assert np.allclose(unit.reshape(3, -1), clips, atol=1e-5)
    assert np.allclose(text.encode(TEXTS), matcher.texts(TEXTS).embeddings, atol=1e-5)
    assert video.identity.settings.get("vectors", 1) == matcher.vectors
    assert "vectors" not in text.identity.settings
    assert video.identity.dimension == matcher.vectors * text.identity.dimension


def test_naflex_sees_frames_of_any_shape(tmp_path):
    folder = save_naflex(tmp_path)
    video, text = sides("siglip2", folder)
    frames = [*pictures(2), *pictures(1, height=70, width=40)]
    found = video.encode(frames).features @ text.encode(TEXTS).T
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    words = tokenizer(TEXTS, padding="max_length", max_length=10, return_tensors="pt")["input_ids"]
    images = AutoImageProcessor.from_pretrained(folder)(frames, return_tensors="pt")
    with torch.no_grad():
        output = model(input_ids=words, **images)
    assert np.allclose(found, (output.image_embeds @ output.text_embeds.T).numpy(), atol=1e-5)
    assert not np.allclose(found[0], found[2], atol=1e-3)


def test_unknown_words_are_counted(folders):
    for name, folder in folders.items():
        shares = sides(name, folder)[1].unknown(["a man", "человек", "a кот"])
        assert shares.tolist() == [0, 1, 0.5], name
    assert sides("blip", folders["blip"])[1].unknown([]).shape == (0,)


def test_long_snippets_are_cut_and_counted(folders):
    for name in ("blip", "siglip2"):
        text = sides(name, folders[name])[1]
        text.encode(["a " * 30, "a man"])
        assert text.truncated == 1


def test_another_kind_of_model_is_refused(tmp_path):
    folder = save_clip(tmp_path)
    with pytest.raises(InputError, match=r"type clip, not BLIP.*name a model such as Salesforce"):
        sides("blip", folder)
