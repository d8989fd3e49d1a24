"""LXMERT's unimodal encoders: regions and words, against the whole network's hidden states."""

import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import LxmertModel

from mmtool.choices import EncoderPrecision, Pooling
from mmtool.encoders.contract import EncoderIdentity, EncoderOptions, Frame, Regions
from mmtool.encoders.dual.lxmert import LxmertFrameEncoder
from mmtool.encoders.registry import load_text_encoder
from mmtool.errors import InputError
from mmtool.formats.features import open_features
from support.commands import call
from support.corpora import TEXTS, make_corpus
from support.literal_visual_genome import folder_of, small_checkpoint
from support.small_models import WORDS, pictures, save_clip, save_lxmert, write_film

FRAMES = [*pictures(3, height=40, width=80), *pictures(2, height=60, width=30)]
COUNTS = (3, 5, 1, 2, 5)  # regions of each
SNIPPETS = ["A man opens the door.", "He leaves", "the door", "a a a a a a a a", "."]


class Detector:
    """Regions made beforehand, one list a frame, found by the frame's bytes."""

    def __init__(self, counts: Sequence[int] = COUNTS, dimension: int = 12) -> None:
        random = np.random.default_rng(0)
        self.identity = EncoderIdentity("by-hand", "drawn", "none", dimension, {"image_size": 7})
        self.regions: dict[bytes, Regions] = {}
        self.calls: list[int] = []
        for frame, count in zip(FRAMES, counts, strict=True):
            corners = random.random((count, 2)) * np.array([frame.shape[1] / 2, frame.shape[0] / 2])
            self.regions[frame.tobytes()] = Regions(
                boxes=np.hstack([corners, corners + 9]).astype(np.float32),
                scores=np.ones(count, dtype=np.float32),
                labels=np.zeros(count, dtype=np.int32),
                features=random.standard_normal((count, dimension)).astype(np.float32),
            )

    def detect(self, frames: Sequence[Frame]) -> list[Regions]:
        self.calls.append(len(frames))
        return [self.regions[frame.tobytes()] for frame in frames]


def frame_encoder(model: Path, detector: Detector | None = None, **changes: Any) -> LxmertFrameEncoder:
    settings: dict[str, Any] = {"batch_size": 5, "model": str(model)}
    return LxmertFrameEncoder(EncoderOptions("lxmert", **(settings | changes)), detector or Detector())


def text_encoder(model: Path | None, **changes: Any) -> Any:
    name = None if model is None else str(model)
    return load_text_encoder(EncoderOptions("lxmert", model=name, **changes))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_lxmert(tmp_path_factory.mktemp("lxmert"))


@torch.inference_mode()
def hidden_states(folder: Path, ids: list[int], features: Any, places: Any) -> tuple[Any, Any]:
    """Of one text and one frame, by the whole network: words (L, 16), regions (R, 16).

    They are the last before the layers that mix both.
    """
    model = LxmertModel.from_pretrained(folder).eval()
    assert model.config.x_layers == 1
    tokens = torch.tensor([ids])
    output = model(
        input_ids=tokens,
        token_type_ids=torch.zeros_like(tokens),
        visual_feats=torch.from_numpy(features)[None],
        visual_pos=torch.from_numpy(places)[None].float(),
        output_hidden_states=True,
    )
    return output.language_hidden_states[2][0].numpy(), output.vision_hidden_states[1][0].numpy()


def test_frames_are_the_mean_over_their_regions(folder: Path) -> None:
    detector = Detector()
    features = frame_encoder(folder, detector).encode(FRAMES).features
    assert features.shape == (5, 16)
    for row, frame in zip(features, FRAMES, strict=True):
        regions, (height, width) = detector.regions[frame.tobytes()], frame.shape[:2]
        places = regions.boxes / [width, height, width, height]
        assert places.max() <= 1
        _, expected = hidden_states(folder, [1, 3, 11], regions.features, places)
        np.testing.assert_allclose(row, expected.mean(axis=0), atol=1e-5)
    assert np.abs(features[0] - features[1]).max() > 0.05


def test_a_frame_alone_and_in_a_batch_agree(folder: Path) -> None:
    detector = Detector()
    together = frame_encoder(folder, detector).encode(FRAMES).features
    alone = frame_encoder(folder, detector, batch_size=1).encode(FRAMES).features
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert detector.calls == [5, 1, 1, 1, 1, 1]


def test_a_frames_bits_do_not_depend_on_those_it_shares_a_batch_with(folder: Path) -> None:
    """The last frame of the batch has as many regions as the others, or all 36."""
    few, many = (Detector((7, 7, 7, 7, last)) for last in (7, 36))
    first, second = (frame_encoder(folder, detector).encode(FRAMES).features for detector in (few, many))
    np.testing.assert_array_equal(first[:4], second[:4])
    assert not np.array_equal(first[4], second[4])


def test_a_frame_without_regions_has_no_features(folder: Path) -> None:
    features = frame_encoder(folder, Detector((0, 5, 1, 2, 5))).encode(FRAMES).features
    assert np.isfinite(features).all()
    assert not features[0].any()
    assert features[1:].any(axis=1).all()
    assert not frame_encoder(folder, Detector((0, 0, 0, 0, 0))).encode(FRAMES).features.any()


def test_regions_are_kept_on_request(folder: Path) -> None:
    detector = Detector()
    assert frame_encoder(folder, detector).encode(FRAMES).regions is None
    kept = frame_encoder(folder, detector, keep_regions=True).encode(FRAMES).regions
    assert kept is not None
    assert [len(regions.boxes) for regions in kept] == list(COUNTS)


def test_words_without_the_special_tokens_are_the_default(folder: Path) -> None:
    ids = [WORDS.index(word) for word in ("<start>", "a", "man", "opens", "the", "door", ".", "<end>")]
    words, _ = hidden_states(folder, ids, np.zeros((1, 12), np.float32), np.zeros((1, 4)))
    expected = {
        None: words[1:-1].mean(axis=0),
        Pooling.WORDS: words[1:-1].mean(axis=0),
        Pooling.MEAN: words.mean(axis=0),
        Pooling.CLS: words[0],
    }
    for pooling, row in expected.items():
        for texts in (SNIPPETS[:1], SNIPPETS):  # alone, and padded in a batch
            features = text_encoder(folder, pooling=pooling).encode(texts)
            np.testing.assert_allclose(features[0], row, atol=1e-5)
    assert np.abs(expected[None] - expected[Pooling.MEAN]).max() > 0.01


def test_a_text_alone_and_in_a_padded_batch_agree(folder: Path) -> None:
    encoder = text_encoder(folder)
    together = encoder.encode(SNIPPETS)
    alone = np.concatenate([encoder.encode([text]) for text in SNIPPETS])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert encoder.encode([]).shape == (0, 16)


def test_a_snippet_without_words_is_the_mean_of_its_special_tokens(folder: Path) -> None:
    words, _ = hidden_states(folder, [1, 11], np.zeros((1, 12), np.float32), np.zeros((1, 4)))
    features = text_encoder(folder).encode(["", *SNIPPETS])
    np.testing.assert_allclose(features[0], words.mean(axis=0), atol=1e-5)


def test_both_sides_have_the_identity_of_one_model(folder: Path, tmp_path: Path) -> None:
    frames, texts = frame_encoder(folder).identity, text_encoder(folder).identity
    assert (frames.name, texts.name) == ("lxmert-video", "lxmert-text")
    assert (frames.model, frames.weights) == (texts.model, texts.weights)
    assert frames.model == "lxmert-3+2x16"
    assert frames.settings == {
        "detector": "by-hand",
        "detector_model": "drawn",
        "detector_weights": "none",
        "detector_image_size": 7,
    }
    assert texts.settings == {"pooling": "words", "tokens": "vocabulary", "max_tokens": 12}
    other = save_lxmert(tmp_path, seed=1)
    assert text_encoder(other).identity.weights != texts.weights
    half = text_encoder(folder, precision=EncoderPrecision.BF16)
    assert half.identity.settings == texts.settings | {"precision": "bf16"}
    difference = np.abs(half.encode(SNIPPETS) - text_encoder(folder).encode(SNIPPETS)).max()
    assert 0 < difference < 0.2


def test_untrained_weights_need_a_config_alone(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    first, again, other = (text_encoder(tmp_path, weights="random", seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.encode(SNIPPETS), again.encode(SNIPPETS))
    assert np.abs(first.encode(SNIPPETS) - other.encode(SNIPPETS)).max() > 0.05
    frames = frame_encoder(tmp_path, weights="random")
    assert frames.identity.weights == first.identity.weights == "random:0"
    assert np.isfinite(frames.encode(FRAMES).features).all()


def test_a_detector_of_another_size_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="needs regions of 12 dimensions, not 8"):
        frame_encoder(folder, Detector(dimension=8))


def test_other_models_are_refused(tmp_path: Path) -> None:
    clip = save_clip(tmp_path)
    for weights in (None, "random"):
        with pytest.raises(InputError, match="is a model of type clip, not LXMERT"):
            text_encoder(clip, weights=weights)


def test_extract_reads_with_lxmert(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = make_corpus(tmp_path, train=1, val=0, test=0)
    call("extract", corpus.root, "--text-encoder", "lxmert", "--text-model", folder)
    with open_features(corpus.features("lxmert-text")) as features:
        group = features.read("v0")
        assert features.header.sources == (text_encoder(folder).identity,)
    np.testing.assert_array_equal(group.features, text_encoder(folder).encode(TEXTS))

    def refuse(*_: object, **__: object) -> None:
        raise urllib.error.URLError("offline")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    result = call("extract", corpus.root, "--text-encoder", "lxmert", code=2)
    assert "unc-nlp/lxmert-base-uncased: not a local folder or a model on this machine" in result.output
    assert "set --text-model to a local folder, or --text-weights to random" in result.output


def test_extract_sees_with_visual_genomes_regions(tmp_path: Path) -> None:
    """Both halves of one command: a small detector, and a small LXMERT for regions of its size."""
    model = save_lxmert(tmp_path / "lxmert", visual=28)
    (tmp_path / "vg").mkdir()
    weights = folder_of(small_checkpoint(), tmp_path / "vg")
    corpus = make_corpus(tmp_path / "corpus", train=1, val=0, test=0)
    write_film(corpus.root / "videos" / "v0.mp4", pictures(6, height=64, width=96))
    sides = ["--video-encoder", "lxmert", "--text-encoder", "lxmert"]
    models = ["--video-model", model, "--text-model", model]
    (weights / "objects_vocab.txt").write_text("".join(f"thing {number}\n" for number in range(11)))
    options = ["--video-weights", weights, "--image-size", "64", "--keep-regions", "--region-names"]
    result = call("extract", corpus.root, *sides, *models, *options)
    assert "2 done · lxmert-video 16 dimensions · lxmert-text 16 dimensions" in result.stdout
    with open_features(corpus.features("lxmert-video")) as features:
        (identity,) = features.header.sources
        assert features.header.region_names.classes[10] == "thing 10"
        group = features.read("v0")
    assert group.features.shape == (6, 16)
    assert np.ptp(group.features, axis=0).max() > 0.01
    assert identity.weights == text_encoder(model).identity.weights
    assert identity.settings["detector"] == "faster-rcnn-vg"
    assert str(identity.settings["detector_weights"]).startswith("sha256:")
    assert identity.settings["detector_image_size"] == 64
