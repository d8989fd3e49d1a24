"""The Visual Genome detector: its weights, and its regions against a literal implementation."""

import re
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mmtool.choices import EncoderPrecision
from mmtool.encoders.contract import EncoderOptions, RegionNames, Regions
from mmtool.encoders.registry import load_video_encoder
from mmtool.encoders.visual_genome.config import DetectorSettings, read_settings
from mmtool.encoders.visual_genome.encoder import VisualGenomeDetector
from mmtool.encoders.visual_genome.network import NetworkForm, VisualGenomeNetwork
from mmtool.encoders.visual_genome.proposals import cell_anchors
from mmtool.encoders.visual_genome.weights import published_name, random_network
from mmtool.errors import InputError
from mmtool.formats.features import open_features
from support.commands import call
from support.films import draw_film
from support.literal_visual_genome import Tensors, detect, folder_of, small_checkpoint

PREDICTOR = "roi_heads.box_predictor"
RPN = "proposal_generator.rpn_head"
ANCHORS = "proposal_generator.anchor_generator.cell_anchors.0"


def picture(seed: int, height: int, width: int) -> np.ndarray[Any, Any]:
    """Coloured rectangles over each other, and noise."""
    rng = np.random.default_rng(seed)
    frame = np.full((height, width, 3), rng.integers(0, 256, 3), dtype=np.int64)
    for _ in range(12):
        y, x = rng.integers(0, height), rng.integers(0, width)
        frame[y : y + rng.integers(4, height), x : x + rng.integers(4, width)] = rng.integers(0, 256, 3)
    return (frame + rng.integers(-20, 20, frame.shape)).clip(0, 255).astype(np.uint8)


WIDE, TALL = picture(0, 72, 128), picture(1, 131, 87)


def detector(weights: Path | str | None, **changes: Any) -> VisualGenomeDetector:
    settings: dict[str, Any] = {"keep_regions": True, "batch_size": 2}
    path = None if weights is None else str(weights)
    return VisualGenomeDetector(EncoderOptions("faster-rcnn-vg", weights=path, **(settings | changes)))


@pytest.fixture(scope="module")
def tensors() -> Tensors:
    return small_checkpoint()


@pytest.fixture(scope="module")
def folder(tensors: Tensors, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tensors, tmp_path_factory.mktemp("vg"))


@pytest.fixture(scope="module")
def small(folder: Path) -> VisualGenomeDetector:
    return detector(folder)


def assert_same(found: Regions, expected: dict[str, np.ndarray[Any, Any]]) -> None:
    assert found.attributes is not None
    assert found.labels.tolist() == expected["labels"].tolist()
    assert found.attributes.tolist() == expected["attributes"].tolist()
    np.testing.assert_allclose(found.boxes, expected["boxes"], atol=1e-3)
    np.testing.assert_allclose(found.scores, expected["scores"], atol=1e-5)
    np.testing.assert_allclose(found.features, expected["features"], rtol=1e-5, atol=2e-5)


# --- the literal implementation --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "height", "width"),
    [
        (WIDE, 90, 160),  # 96 × 170.7 is too wide: by 160 / 170.7
        (TALL, 145, 96),  # 131 · 96 / 87 = 144.55
        (picture(2, 33, 35), 96, 102),
    ],
    ids=["wide", "tall", "odd"],
)
def test_regions_are_those_of_the_literal_implementation(
    frame: np.ndarray[Any, Any], height: int, width: int, tensors: Tensors, small: VisualGenomeDetector
) -> None:
    (found,) = small.detect([frame])
    expected = detect(tensors, frame, height, width)
    assert len(expected["boxes"]) == 36
    assert len(set(expected["labels"].tolist())) > 1
    assert len(set(expected["attributes"].tolist())) > 1
    assert_same(found, expected)


def test_suppression_loosens_until_36_regions_are_left(tensors: Tensors, folder: Path) -> None:
    """Of 38 proposals, 0.5 to 0.7 keep 32, 33 and 34; the fourth threshold, 0.8, keeps 36."""
    (found,) = detector(folder, proposals=38).detect([TALL])
    assert len(found.boxes) == 36
    assert_same(found, detect(tensors, TALL, 145, 96, proposals=38))


def test_a_frame_without_enough_detections_has_fewer_regions(tensors: Tensors, folder: Path) -> None:
    """20 proposals are never 36 regions: the loosest threshold decides (the first would keep 19)."""
    encoded = detector(folder, proposals=20).encode([TALL])
    assert encoded.regions is not None
    (found,) = encoded.regions
    assert len(found.boxes) == 20
    assert_same(found, detect(tensors, TALL, 145, 96, proposals=20))
    np.testing.assert_allclose(encoded.features[0], found.features.mean(axis=0), rtol=1e-6)


def test_a_frame_without_proposals_is_one_region(tensors: Tensors, tmp_path: Path) -> None:
    # Every anchor moves 100 of its widths to the right, out of the frame.
    changed = tensors | {
        f"{RPN}.anchor_deltas.weight": torch.zeros(48, 8, 1, 1),
        f"{RPN}.anchor_deltas.bias": torch.tensor([100.0, 0.0, 0.0, 0.0]).repeat(12),
        f"{PREDICTOR}.bbox_pred.weight": torch.zeros(44, 28),
        f"{PREDICTOR}.bbox_pred.bias": torch.zeros(44),
    }
    (found,) = detector(folder_of(changed, tmp_path)).detect([WIDE])
    np.testing.assert_allclose(found.boxes, [[0, 0, 128, 72]], atol=1e-4)


# --- the encoder -----------------------------------------------------------------------------------


def test_features_are_the_mean_over_regions(small: VisualGenomeDetector, folder: Path) -> None:
    encoded = small.encode([WIDE, TALL])
    assert encoded.features.shape == (2, 28)
    assert encoded.features.dtype == np.float32
    assert encoded.regions is not None
    for row, regions in zip(encoded.features, encoded.regions, strict=True):
        np.testing.assert_allclose(row, regions.features.mean(axis=0), rtol=1e-6)
    plain = load_video_encoder(EncoderOptions("faster-rcnn-vg", weights=str(folder)))
    assert isinstance(plain, VisualGenomeDetector)
    assert plain.identity == small.identity
    without = plain.encode([WIDE, TALL])
    assert without.regions is None
    np.testing.assert_array_equal(without.features, encoded.features)


def test_a_frame_is_encoded_alike_in_any_company(small: VisualGenomeDetector) -> None:
    together = small.encode([WIDE, TALL, picture(3, 72, 128)]).features
    np.testing.assert_array_equal(small.encode([WIDE]).features[0], together[0])
    np.testing.assert_array_equal(small.encode([TALL]).features[0], together[1])
    assert small.encode([]).features.shape == (0, 28)


def test_identity_says_what_changes_the_numbers(small: VisualGenomeDetector, folder: Path) -> None:
    assert small.identity.name == "faster-rcnn-vg"
    assert small.identity.dimension == 28
    assert small.identity.model == "faster-rcnn-resnet23-c4"  # 3 · (2 + 1 + 2 + 2) + 2
    assert small.identity.weights.startswith("sha256:")
    assert small.identity.settings == {
        "image_size": 96,
        "longest_side": 160,
        "anchor_sizes": "16.0 32.0 64.0 128.0",
        "candidates": 400,
        "proposals": 60,
        "regions": 36,
        "precision": "fp32",
    }
    other = detector(folder, image_size=60, proposals=5, precision=EncoderPrecision.BF16)
    changed = {"image_size": 60, "longest_side": 100, "proposals": 5, "precision": "bf16"}
    assert other.identity.settings == small.identity.settings | changed
    assert len(other.detect([WIDE])[0].boxes) <= 5


@pytest.mark.parametrize("precision", [EncoderPrecision.BF16, EncoderPrecision.FP16])
def test_lower_precision_is_of_the_region_head_alone(
    precision: EncoderPrecision, folder: Path, small: VisualGenomeDetector
) -> None:
    """Its proposals are the same, so all 60 regions come out with almost the same features."""
    half = detector(folder, precision=precision)
    proposals = []
    for each in (small, half):
        maps = each._network.maps(each._pixels(WIDE, (90, 160)))
        assert maps.dtype == torch.float32
        proposals.append(maps)
    torch.testing.assert_close(*proposals, rtol=0, atol=0)
    a, b = small.encode([WIDE]).features[0], half.encode([WIDE]).features[0]
    assert not np.array_equal(a, b)
    assert float(a @ b) > 0.995 * float(np.linalg.norm(a) * np.linalg.norm(b))


# --- sizes and settings ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image_size", "frame", "expected"),
    [
        (600, (720, 1280), (562, 1000)),  # 600 × 1066.7, by 1000 / 1066.7: 562.5 falls short in float64
        (None, (720, 1280), (750, 1333)),
        (600, (1280, 720), (1000, 562)),
        (600, (480, 640), (600, 800)),
        (None, (480, 640), (800, 1067)),
        (600, (500, 500), (600, 600)),
        (300, (100, 400), (125, 500)),  # 300 × 1200 is too wide: 5/3 of 300 is 500
    ],
)
def test_frames_are_scaled_as_published(
    image_size: int | None, frame: tuple[int, int], expected: tuple[int, int]
) -> None:
    settings = DetectorSettings().changed(image_size=image_size, proposals=None)
    assert settings.resized(*frame) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("input: [", "cannot be read as YAML"),
        ("input: {format: RGB}", "input.format is 'RGB', not 'BGR'"),
        ("input: {min_size_test: -1}", "input.min_size_test is -1, not a value like 800"),
        ("input: {min_size_test: wide}", "input.min_size_test is 'wide', not a value like 800"),
        ("model: {pixel_mean: [1, 2]}", r"model.pixel_mean is \[1, 2\], not a value like \(102.9"),
        (
            "model: {roi_box_head: {pooler_resolution: 7}}",
            "model.roi_box_head.pooler_resolution is 7, but only even numbers are supported",
        ),
        ("max_detections: 100", "max_detections is 100, more than the 36 supported; set it to 36 or less"),
        ("model: !!python/object:os.system {}", "cannot be read as YAML"),
        ("roi_box_head: {pooler_resolution: 7}", "roi_box_head.pooler_resolution is 7"),
        ("anchor_generator: {offset: 0.5}", "anchor_generator.offset is 0.5, not 0"),
        ("rpn: {nms_tresh: 0.7}", r"has an unknown key 'rpn.nms_tresh' \(did you mean 'rpn.nms_thresh'\?\)"),
        ("model: {rpn: {nms_tresh: 0.7}}", "has an unknown key 'model.rpn.nms_tresh'"),
        ("input: {min_size: 600}", "has an unknown key 'input.min_size'"),
        ("elsewhere: 1", "has an unknown key 'elsewhere'"),
        ("model: {elsewhere: 1}", "has an unknown key 'model.elsewhere'"),
        ("5: 1", "has an unknown key '5'"),
        ("[1, 2]", "is not a table of keys and values"),
        ("rpn: 5", "rpn is not a table of keys and values"),
        ("model: [5]", "model is not a table of keys and values"),
        ("input: 5", "input is not a table of keys and values"),
        (
            "rpn: {nms_thresh: 0.6}\nmodel: {rpn: {nms_thresh: 0.7}}",
            "has 'rpn.nms_thresh' and 'model.rpn.nms_thresh' with different values",
        ),
        ("pixel_std: [1, 1, 1]\nmodel: {pixel_std: [2, 2, 2]}", "has 'pixel_std' and 'model.pixel_std' with"),
    ],
)
def test_a_foreign_configuration_is_named_by_its_key(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=problem):
        read_settings(path, remedy="mend it")


SECTIONS = """
anchor_generator: {name: DefaultAnchorGenerator, sizes: [[32, 64]], aspect_ratios: [[1.0]], offset: 0}
rpn: {pre_nms_topk_test: 1000, post_nms_topk_test: 50, nms_thresh: 0.5, bbox_reg_weights: [1, 1, 1, 1]}
roi_box_head: {pooler_resolution: 8, bbox_reg_weights: !!python/tuple [1, 2, 3, 4], res5halve: false}
roi_heads: {nms_thresh_test: [0.3], num_classes: 1600}
"""
OTHERS = """
input: {format: BGR, min_size_test: 500, max_size_test: 900}
min_detections: 5
max_detections: 20
resnets: {depth: 101}
solver: {base_lr: 0.02}
"""


@pytest.mark.parametrize("capitals", [False, True])
@pytest.mark.parametrize("below", [False, True])
def test_sections_are_read_at_the_top_level_and_below_model(
    below: bool, capitals: bool, tmp_path: Path
) -> None:
    path = tmp_path / "config.yaml"
    nested = SECTIONS.replace("\n", "\n  ")
    text = OTHERS + (
        f"model:\n  pixel_std: [2, 3, 4]{nested}" if below else f"{SECTIONS}pixel_std: [2, 3, 4]"
    )
    if capitals:
        text = re.sub(r"\w+(?=: )", lambda found: found[0].upper(), text)
    path.write_text(text, encoding="utf-8")
    assert read_settings(path, remedy="mend it") == DetectorSettings(
        shortest_side=500,
        longest_side=900,
        deviation=(2.0, 3.0, 4.0),
        anchor_sizes=(32.0, 64.0),
        anchor_ratios=(1.0,),
        candidates=1000,
        proposal_overlap=0.5,
        proposals=50,
        pooled_side=8,
        box_weights=(1.0, 2.0, 3.0, 4.0),
        region_overlaps=(0.3,),
        least_regions=5,
        most_regions=20,
    )


def test_sections_in_both_places_are_joined(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    text = "rpn: {nms_thresh: 0.6}\nmodel: {rpn: {nms_thresh: 0.6, post_nms_topk_test: 9}, weights: a}"
    path.write_text(text, encoding="utf-8")
    settings = read_settings(path, remedy="mend it")
    assert (settings.proposal_overlap, settings.proposals) == (0.6, 9)


def test_a_configuration_may_say_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("", encoding="utf-8")
    assert read_settings(path, remedy="mend it") == DetectorSettings()


# --- weights ---------------------------------------------------------------------------------------


def test_the_published_form_has_640_tensors() -> None:
    with torch.device("meta"):
        state = VisualGenomeNetwork(NetworkForm(), torch.empty(12, 4)).state_dict()
    published = {published_name(name): value for name, value in state.items()}
    assert len(published) == 640
    values = (value for name, value in published.items() if not name.endswith("num_batches_tracked"))
    assert sum(value.numel() for value in values) == 65_545_214
    assert published["backbone.res4.22.conv2.weight"].shape == (256, 256, 3, 3)
    assert published["backbone.res3.0.shortcut.norm.running_var"].shape == (512,)
    assert published["roi_heads.res5.0.shortcut.weight"].shape == (2048, 1024, 1, 1)
    assert published[f"{PREDICTOR}.fc_attr.weight"].shape == (512, 2304)
    assert published[f"{PREDICTOR}.bbox_pred.bias"].shape == (6400,)
    assert published[f"{RPN}.conv.weight"].shape == (512, 1024, 3, 3)


def test_anchors_of_a_cell_by_hand() -> None:
    anchors = cell_anchors(DetectorSettings())
    assert anchors.shape == (12, 4)
    assert anchors[1].tolist() == [-32, -32, 32, 32]  # size 64, ratio 1
    wide = torch.tensor([-(2**0.5), -(2**-0.5), 2**0.5, 2**-0.5])
    torch.testing.assert_close(anchors[3], 64 * wide)  # size 128, height / width = 1 / 2


def test_a_file_is_a_folder_without_settings_and_names(tensors: Tensors, tmp_path: Path) -> None:
    usual = tensors | {ANCHORS: cell_anchors(DetectorSettings())}
    torch.save(usual, tmp_path / "pytorch_model.bin")
    save_file({name: value.contiguous() for name, value in usual.items()}, tmp_path / "other.safetensors")
    paths = [tmp_path, tmp_path / "pytorch_model.bin", tmp_path / "other.safetensors"]
    found = [detector(path, image_size=96, proposals=20) for path in paths]
    assert found[0].identity == found[1].identity == found[2].identity
    assert found[0].identity.settings["longest_side"] == 160
    rows = [each.encode([WIDE]).features for each in found]
    np.testing.assert_array_equal(rows[0], rows[1])
    np.testing.assert_array_equal(rows[0], rows[2])


def without(name: str) -> Callable[[Tensors], Tensors]:
    return lambda tensors: {key: value for key, value in tensors.items() if key != name}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (without(f"{RPN}.conv.weight"), f"has no tensor {RPN}.conv.weight"),
        (without("backbone.res4.0.shortcut.norm.bias"), "has no tensor backbone.res4.0.shortcut.norm.bias"),
        (without("backbone.res4.1.conv1.weight"), "has no tensor backbone.res4.1.conv1.weight"),
        (without(ANCHORS), f"has no tensor {ANCHORS}"),
        (
            lambda tensors: tensors | {f"{PREDICTOR}.bbox_pred.bias": torch.zeros(40)},
            rf"tensor {PREDICTOR}.bbox_pred.bias has shape \(40,\), not \(44,\)",
        ),
        (
            lambda tensors: tensors | {f"{RPN}.conv.weight": torch.tensor(1.0)},
            rf"tensor {RPN}.conv.weight has shape \(\)",
        ),
        (lambda tensors: tensors | {"mask.weight": torch.zeros(3)}, "tensor mask.weight does not belong"),
        (
            lambda tensors: tensors | {ANCHORS: tensors[ANCHORS] + 1},
            f"tensor {ANCHORS} differs from the anchors",
        ),
        (lambda tensors: {"model": tensors}, "is not a state dict"),
    ],
)
def test_foreign_weights_name_what_does_not_fit(
    change: Any, problem: str, tensors: Tensors, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=f"pytorch_model.bin: {problem}"):
        detector(folder_of(change(tensors), tmp_path))


def test_paths_that_are_no_weights(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"contains neither pytorch_model.bin nor model.safetensors; set `"):
        detector(tmp_path)
    with pytest.raises(InputError, match="this weights file does not exist"):
        detector(tmp_path / "absent.bin")


def test_names_travel_with_the_folder(tensors: Tensors, tmp_path: Path) -> None:
    folder = folder_of(tensors, tmp_path)
    assert detector(folder).names is None
    (folder / "objects_vocab.txt").write_text("".join(f"thing {n},stuff\n" for n in range(11)), "utf-8")
    names = detector(folder).names
    assert names == RegionNames(tuple(f"thing {n}" for n in range(11)), ())
    (folder / "attributes_vocab.txt").write_text("red\nblue\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"attributes_vocab.txt: has 2 lines, but the weights are for 7"):
        detector(folder)


@pytest.mark.parametrize("weights", [None, "unc-nlp/frcnn-vg-finetuned"])
def test_published_weights_offline_say_what_to_do(
    weights: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise urllib.error.URLError("offline")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError) as caught:
        detector(weights)
    assert str(caught.value) == (
        "faster-rcnn-vg: published weights are not on this machine, and the download failed; set "
        "`video_weights` to a local copy of unc-nlp/frcnn-vg-finetuned (config.yaml and pytorch_model.bin), "
        "or to random"
    )


def test_seed_determines_random_weights() -> None:
    form = NetworkForm(
        stem=6, blocks=(1, 1, 1, 1), widths=(4, 5, 6, 7), rpn=8, classes=5, embedding=3, hidden=4
    )
    before = torch.random.get_rng_state()
    first, again, other = (random_network(form, DetectorSettings(), seed).state_dict() for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["conv1.weight"], other["conv1.weight"])
    assert first["layer4.0.bn3.running_var"].std() > 0  # calibrated, not as born


@pytest.mark.slow
def test_random_weights_in_the_published_form_tell_frames_apart() -> None:
    encoder = detector("random", image_size=64, proposals=40)
    assert encoder.identity.weights == "random:0"
    assert encoder.identity.model == "faster-rcnn-resnet101-c4"
    red, blue = (np.full((60, 90, 3), colour, dtype=np.uint8) for colour in ((220, 30, 30), (20, 40, 200)))
    a, b = encoder.encode([red, blue]).features
    assert a.shape == (2048,)
    assert float(a @ b) < 0.98 * float(np.linalg.norm(a) * np.linalg.norm(b))


# --- the command line ------------------------------------------------------------------------------


def test_extract_writes_features_of_each_clip(folder: Path, tmp_path: Path) -> None:
    draw_film(tmp_path / "videos" / "a.mp4")
    call("segment", tmp_path)
    extract = ("extract", tmp_path, "--video-encoder", "faster-rcnn-vg", "--video-weights")
    call(*extract, folder, "--keep-regions")
    with open_features(tmp_path / "features" / "faster-rcnn-vg.h5") as features:
        group = features.read("a")
    assert group.features.shape == (len(group.intervals), 28)
    assert len(np.unique(group.features, axis=0)) > 1
    result = call(*extract, tmp_path, "--force", code=2)
    assert "contains neither pytorch_model.bin nor model.safetensors; set --video-weights" in result.output
    assert "Traceback" not in result.output
