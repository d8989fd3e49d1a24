"""torchvision's classifiers: the last layer on the features gives the classifier's own answer."""

import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional
from torchvision.models import get_model, get_model_weights

from mmtool.choices import EncoderPrecision
from mmtool.encoders.classifiers.encoder import classifier_names, load_classifier, remove_last_layer
from mmtool.encoders.contract import EncoderOptions
from mmtool.encoders.registry import load_video_encoder
from mmtool.encoders.untrained import calibration
from mmtool.errors import InputError, SettingError
from mmtool.formats.features import open_features
from mmtool.model_names import VIDEO_ENCODERS
from support.commands import call
from support.corpora import make_corpus
from support.small_models import pictures, write_film

FRAMES = [*pictures(3), *pictures(1, height=90, width=50)]
SMALL = "mobilenet_v3_small"
LARGE = ("vgg11", "vit_b_32")


def encoder(name: str = SMALL, **changes: Any) -> Any:
    return load_video_encoder(EncoderOptions(name, **({"weights": "random", "batch_size": 3} | changes)))


def fast_model(name: str) -> nn.Module:
    """Without batch norms; its own way to draw so many numbers takes long."""
    with torch.device("meta"):
        model = get_model(name, weights=None)
    for tensor in model.to_empty(device="cpu").parameters():
        nn.init.uniform_(tensor, -1, 1).mul_((3 / tensor[0].numel()) ** 0.5 if tensor.ndim > 1 else 0.5)
    return model.eval()


@pytest.mark.parametrize(
    ("name", "dimension", "side"),
    [
        ("resnet18", 512, 64),
        ("efficientnet_b0", 1280, 64),
        ("convnext_tiny", 768, 64),
        ("vit_b_32", 768, 224),
        ("swin_t", 768, 64),
        ("mobilenet_v2", 1280, 64),
        (SMALL, 1024, 64),
        ("densenet121", 1024, 64),
        ("vgg11", 4096, 32),
        ("regnet_y_400mf", 440, 64),
        ("shufflenet_v2_x0_5", 1024, 64),
        ("mnasnet0_5", 1280, 64),
        ("googlenet", 1024, 64),
    ],
)
@torch.inference_mode()
def test_the_last_layer_on_the_features_is_the_classifier(name: str, dimension: int, side: int) -> None:
    options = {"aux_logits": False, "init_weights": True} if name == "googlenet" else {}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = fast_model(name) if name in LARGE else get_model(name, weights=None, **options).eval()
        images = torch.rand(2, 3, side, side)
    with calibration(model):  # else the signal dies or explodes
        model(images)
    expected = model(images)
    assert expected.std() > 1e-3
    linear = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
    path, width = remove_last_layer(model)
    features = model(images)
    assert features.shape == (2, width) == (2, dimension)
    torch.testing.assert_close(functional.linear(features, linear.weight, linear.bias), expected)
    assert path


@torch.inference_mode()
def test_squeezenet_whose_last_layer_is_a_convolution_pools_its_input() -> None:
    model = get_model("squeezenet1_1", weights=None).eval()
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    expected = model.features(images).mean(dim=(2, 3))
    assert remove_last_layer(model) == ("classifier.1", 512)
    torch.testing.assert_close(model(images), expected)


def test_every_name_of_torchvision_has_weights_that_say_how_to_prepare_frames() -> None:
    names = classifier_names()
    assert {"resnet50", "vit_b_16", "swin_t", "googlenet", "inception_v3"} <= set(names)
    for name in names:
        transforms = get_model_weights(name).DEFAULT.transforms()
        assert transforms.resize_size[0] >= transforms.crop_size[0] >= 224


@pytest.fixture(scope="module")
def model() -> nn.Module:
    """A whole classifier with statistics as :func:`load_classifier` gives them, and ten classes."""
    calibrated, _, _ = load_classifier(SMALL, weights="random", seed=0)
    whole = get_model(SMALL, weights=None, num_classes=10).eval()
    whole.load_state_dict(calibrated.state_dict(), strict=False)
    return whole


@torch.inference_mode()
def expected_features(model: nn.Module, frames: list[Any]) -> Any:
    """By a hook on the last layer, with the weights' own preparation."""
    seen = []
    hook = model.classifier[3].register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    prepare = get_model_weights(SMALL).DEFAULT.transforms()
    for frame in frames:
        model(prepare(torch.from_numpy(frame.copy()).permute(2, 0, 1))[None])
    hook.remove()
    return torch.cat(seen).numpy()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_local_weights_of_any_number_of_classes(suffix: str, model: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / f"weights{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(model.state_dict(), path)
    local = encoder(weights=str(path))
    features = local.encode(FRAMES).features
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, expected_features(model, FRAMES), rtol=1e-3, atol=1e-4)
    assert local.identity.weights.startswith("sha256:")
    assert (local.identity.name, local.identity.dimension) == (SMALL, 1024)
    assert local.identity.settings == {"resize": 256, "crop": 224}


def test_frames_do_not_depend_on_their_company_and_differ() -> None:
    random = encoder()
    features = random.encode(FRAMES).features
    alone = np.concatenate([random.encode([frame]).features for frame in FRAMES])
    np.testing.assert_allclose(features, alone, rtol=1e-3, atol=1e-4)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    assert (unit @ unit.T)[0, 1] < 0.95
    assert random.encode([]).features.shape == (0, 1024)


def test_seed_determines_random_weights() -> None:
    first, again, other = encoder(), encoder(), encoder(seed=1)
    assert first.identity == again.identity
    assert first.identity.weights == "random:0"
    np.testing.assert_array_equal(first.encode(FRAMES).features, again.encode(FRAMES).features)
    assert np.abs(first.encode(FRAMES).features - other.encode(FRAMES).features).max() > 0.05


@pytest.mark.parametrize("precision", [EncoderPrecision.BF16, EncoderPrecision.FP16])
def test_lower_precision_stays_near(precision: EncoderPrecision) -> None:
    full, half = encoder(), encoder(precision=precision)
    assert half.identity.settings == full.identity.settings | {"precision": precision.value}
    for a, b in zip(full.encode(FRAMES).features, half.encode(FRAMES).features, strict=True):
        assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) > 0.98
        assert np.abs(a - b).max() > 0


# --- names and weights that do not fit -------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("resnet5", "did you mean resnet50?"),
        ("ResNet50", "did you mean resnet50?"),
        ("clp", "did you mean clip?"),
        ("faster-rcnn-mobilnet", "did you mean faster-rcnn-mobilenet?"),
        ("zzz", "see `mmtool extract --help`"),
        ("raft_large", ""),  # torchvision's, but no classifier
    ],
)
def test_unknown_names(name: str, hint: str) -> None:
    with pytest.raises(SettingError) as caught:
        encoder(name)
    assert str(caught.value).startswith(f"video_encoder cannot be {name}: no encoder has this name; ")
    assert str(caught.value).endswith(hint)


def test_weights_that_do_not_fit(model: nn.Module, tmp_path: Path) -> None:
    tensors = model.state_dict()
    first = "features.0.0.weight"
    for change, problem in (
        ({first: None}, f"has no tensor {first}"),
        ({first: torch.zeros(2, 2)}, f"does not fit {SMALL}: size mismatch for {first}"),
        ({"mask": torch.zeros(2)}, "tensor mask does not belong to the model"),
    ):
        path = tmp_path / "foreign.pth"
        changed = {key: value for key, value in (tensors | change).items() if value is not None}
        torch.save(changed, path)
        with pytest.raises(
            InputError, match=f"foreign.pth: {problem}.*; set `video_weights` to a state dict"
        ):
            encoder(weights=str(path))
    with pytest.raises(InputError, match="this weights file does not exist"):
        encoder(weights=str(tmp_path / "absent.pth"))


def test_published_weights_come_from_the_cache_or_say_what_to_do(
    model: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise urllib.error.URLError("offline")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    url = get_model_weights(SMALL).DEFAULT.url
    with pytest.raises(InputError) as caught:
        encoder(weights=None)
    assert str(caught.value) == (
        f"{SMALL}: published weights are not on this machine, and the download failed; set "
        f"`video_weights` to a local copy of {url.rpartition('/')[2]}, or to random"
    )
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    torch.save(model.state_dict(), cache / url.rpartition("/")[2])
    features = encoder(weights=None).encode(FRAMES[:1]).features
    np.testing.assert_allclose(features, expected_features(model, FRAMES[:1]), rtol=1e-3, atol=1e-4)


def test_densenets_published_files_have_older_names(tmp_path: Path) -> None:
    tensors = get_model("densenet121", weights=None).state_dict()
    older = {
        key.replace("norm1", "norm.1")
        .replace("norm2", "norm.2")
        .replace("conv1", "conv.1")
        .replace("conv2", "conv.2")
        if "denselayer" in key
        else key: value
        for key, value in tensors.items()
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in older
    weights = []
    for number, named in enumerate((tensors, older)):
        torch.save(named, tmp_path / f"{number}.pth")
        weights.append(load_classifier("densenet121", weights=str(tmp_path / f"{number}.pth"), seed=0)[2])
    assert weights[0] == weights[1]


# --- the command -----------------------------------------------------------------------------------


def test_extract_with_a_classifier(tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path, train=1, val=0, test=0)
    write_film(corpus.root / "videos" / "v0.mp4", pictures(6))
    options = ["--video-encoder", SMALL, "--video-weights", "random"]
    assert f"1 done · {SMALL} 1024 dimensions" in call("extract", corpus.root, *options).stdout
    with open_features(corpus.features(SMALL)) as features:
        (source,) = features.header.sources
        own = encoder().identity
        assert source == replace(own, settings=own.settings | {"frames": 1})
        assert features.read("v0").features.shape == (6, 1024)
    for wrong, problem in (
        (
            ["--video-encoder", "resnet5"],
            "--video-encoder cannot be resnet5: no encoder has this name; did you mean",
        ),
        (
            [*options, "--video-model", "x"],
            f"--video-model has no effect with --video-encoder {SMALL}; leave it out",
        ),
        (
            [*options, "--proposals", "9"],
            f"--proposals has no effect with --video-encoder {SMALL}; leave it out",
        ),
    ):
        assert problem in call("extract", corpus.root, *wrong, code=2).output


def test_help_names_the_encoders() -> None:
    text = " ".join(call("extract", "--help").stdout.replace("│", " ").split())
    for name in (*VIDEO_ENCODERS, "resnet50", "--video-model", "--precision", "words"):
        assert name in text
