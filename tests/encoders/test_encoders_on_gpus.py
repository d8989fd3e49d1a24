"""Every encoder on a pretended GPU computes what it computes on the CPU, in fp32, and seldom waits.

Counted with a stand-in, not run on a GPU.
"""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from mmtool.encoders.kernels.convolutions import multiply
from mmtool.encoders.kernels.region_bins import pool_bins
from mmtool.encoders.kernels.uploads import upload
from mmtool.encoders.registry import load_text_encoder, load_video_encoder
from mmtool.encoders.tokens import batches
from mmtool.encoders.visual_genome.network import fold_batch_norms
from mmtool.encoders.visual_genome.weights import load_visual_genome
from mmtool.records import Failure
from mmtool.stages.extract.film import _encoded
from support.encoder_cases import (
    SAID,
    TEXT,
    TEXTS,
    VIDEO,
    InThisThread,
    save_models,
    seen_by,
    spoken_encoder,
    text_options,
    untested,
    video_options,
)
from support.pretended_cuda import CAN_PRETEND, GPU, PretendedCuda

pytestmark = pytest.mark.skipif(
    not CAN_PRETEND, reason="this build of torch wants a driver for a pretended GPU"
)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return save_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(autouse=True)
def in_tf32():
    """As torch starts: convolutions in TF32; and as a program may wish: products too."""
    matmul = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = True
    yield
    assert torch.backends.cudnn.allow_tf32
    assert torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = matmul


PRODUCTS = ("convolution", "mm", "addmm", "bmm", "baddbmm", "linear", "scaled_dot_product")


class TensorFloats(TorchDispatchMode):
    """Collects the products that a GPU would compute in TF32."""

    def __init__(self):
        super().__init__()
        self.found, self.products = set(), 0

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        name = str(operator).replace("bilinear", "")  # which scales pictures
        if any(part in name for part in PRODUCTS):
            self.products += 1
            if torch.backends.cudnn.allow_tf32 or torch.backends.cuda.matmul.allow_tf32:
                self.found.add(str(operator))
        return operator(*args, **(kwargs or {}))


@pytest.fixture
def loaded_before(models, monkeypatch):
    """The detector's weights as they are before they move to a GPU; the stand-in cannot load them."""
    loaded = load_visual_genome(str(models["detector"]), seed=0)
    fold_batch_norms(loaded.network.requires_grad_(False))
    module = "mmtool.encoders.visual_genome.encoder"
    monkeypatch.setattr(f"{module}.load_visual_genome", lambda *_, **__: copy.deepcopy(loaded))
    monkeypatch.setattr(f"{module}.fold_batch_norms", lambda _: None)


@pytest.mark.parametrize("name", VIDEO)
def test_frame_encoders(name, models, loaded_before):
    expected = load_video_encoder(video_options(name, models)).encode(seen_by(name))
    with PretendedCuda() as gpu:
        encoder = load_video_encoder(video_options(name, models, device="cuda:0"))
        gpu.waits.clear()
        with TensorFloats() as products:
            found = encoder.encode(seen_by(name))
    assert encoder.device == "cuda:0"
    assert products.products
    assert not products.found
    scale = np.abs(expected.features).max()
    np.testing.assert_allclose(found.features, expected.features, atol=1e-4 * scale)
    if name in ("clip", "siglip"):
        assert gpu.waits == {"to the CPU": 2}  # features of each batch
    if name in ("resnet18", "mobilenet_v3_small"):  # torchvision uploads the mean and deviation of pixels
        assert gpu.waits.total() == 2 * (1 + 2 + 1)  # features, both, and a look at the latter


def test_bins_of_regions_need_two_waits_a_frame():
    """For the number of distinct bins, and for that of their cells; it was six."""
    maps, boxes = torch.rand(1, 4, 6, 7), torch.tensor([[0.0, 0, 50, 40], [16, 8, 90, 80], [0, 0, 50, 40]])
    expected = pool_bins(maps, boxes, 4, 1 / 16)
    with PretendedCuda() as gpu:
        there = maps.to(GPU), boxes.to(GPU)
        gpu.waits.clear()
        found = pool_bins(*there, 4, 1 / 16)
        assert gpu.waits.total() == 2
    assert found.values.on_cpu.equal(expected.values)
    assert found.places.on_cpu.equal(expected.places)


def test_rows_are_multiplied_by_a_matrix_product_on_a_gpu():
    rows, weight, bias = torch.rand(5, 3), torch.rand(4, 3), torch.rand(4)
    expected = multiply(rows, weight, bias)
    with PretendedCuda(), TensorFloats() as products:
        found = multiply(rows.to(GPU), weight.to(GPU), bias.to(GPU))
    assert not any("convolution" in name for name in products.found)
    torch.testing.assert_close(found.on_cpu, expected)


def test_uploads_are_pinned_only_for_a_gpu(monkeypatch):
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    with PretendedCuda() as gpu:
        there = upload(array, GPU)
        assert there.device == GPU
        assert not gpu.waits
    assert there.on_cpu.tolist() == array.tolist()
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: pytest.fail("pinned"))
    assert upload(array, torch.device("cpu")).tolist() == array.tolist()


def test_a_batch_is_begun_before_the_features_of_the_one_before_are_fetched():
    said = []

    class Encoder:
        ahead = 1

        def begin(self, frames):
            said.append(f"begin {frames[0]}")
            return lambda: said.append(f"finish {frames[0]}")

    def batch(number):
        return [SimpleNamespace(seen=number)]

    failure = Failure("x", "broken")
    found = list(_encoded([batch(1), batch(2), failure, batch(3)], Encoder(), 1))
    assert said == ["begin 1", "begin 2", "finish 1", "finish 2", "begin 3", "finish 3"]
    assert found[2] is failure


@pytest.mark.parametrize("name", TEXT)
def test_text_encoders(name, models, monkeypatch):
    expected = load_text_encoder(text_options(name, models)).encode(TEXTS)
    monkeypatch.setattr(batches, "ThreadPoolExecutor", InThisThread)
    torch.set_num_threads(2)
    with PretendedCuda():
        encoder = load_text_encoder(text_options(name, models, device="cuda:0"))
        with TensorFloats() as products:
            found = encoder.encode(TEXTS)
    assert encoder.device == "cuda:0"
    assert torch.get_num_threads() == 2
    assert not products.found
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_what_is_said_in_clips(models, monkeypatch):
    expected = spoken_encoder("bert", models).encode(SAID)
    monkeypatch.setattr(batches, "ThreadPoolExecutor", InThisThread)
    torch.set_num_threads(2)
    with PretendedCuda():
        encoder = spoken_encoder("bert", models, device="cuda:0")
        with TensorFloats() as products:
            found = encoder.encode(SAID)
    assert encoder.device == "cuda:0"
    assert torch.get_num_threads() == 2
    assert products.products
    assert not products.found
    assert not found[1].any()
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


def test_every_encoder_is_tried():
    assert not untested()
