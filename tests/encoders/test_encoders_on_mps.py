"""Encoders that claim to run on a GPU of Apple compute there what they compute on the CPU.

By a stand-in: nothing was run on a Mac. It refuses types of numbers that such a GPU lacks, and compares the
operators with torch's own table of kernels.
"""

import numpy as np
import pytest
import torch

from mmtool.choices import EncoderPrecision
from mmtool.encoders.registry import (
    load_text_encoder,
    load_video_encoder,
    text_encoder_class,
    video_encoder_class,
)
from mmtool.encoders.tokens import batches
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
    video_options,
)
from support.pretended_cuda import CAN_PRETEND, DeviceError
from support.pretended_mps import MPS, MpsTensor, PretendedMps

pytestmark = pytest.mark.skipif(
    not CAN_PRETEND, reason="this build of torch wants a driver for a pretended GPU"
)
TOLERANCE = {EncoderPrecision.FP32: 1e-4, EncoderPrecision.BF16: 3e-2}  # of the largest feature


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Folders of small models."""
    return save_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(autouse=True)
def one_pool(monkeypatch):
    monkeypatch.setattr(batches, "ThreadPoolExecutor", InThisThread)


def runs_there(name, classes):
    return classes("clip" if name == "siglip" else name).runs_on_mps


def compare(found, expected, precision):
    np.testing.assert_allclose(found, expected, atol=TOLERANCE[precision] * np.abs(expected).max())


def test_the_pretended_gpu_refuses_what_mps_lacks():
    with PretendedMps() as gpu:
        there = torch.ones(2).to(MPS)
        assert there.device == MPS
        assert isinstance(there, MpsTensor)
        assert not there.is_cuda
        with pytest.raises(DeviceError, match="float64"):
            there.double()
        with pytest.raises(DeviceError, match="float64"):
            torch.zeros(2, dtype=torch.float64, device=MPS)
        (there + 1).cumsum(0)
        assert not gpu.lacking
        torch.mode(there)
        assert gpu.lacking == {"aten::mode"}


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize("name", [name for name in VIDEO if runs_there(name, video_encoder_class)])
def test_frame_encoders(name, models, precision):
    expected = load_video_encoder(video_options(name, models, precision=precision)).encode(seen_by(name))
    with PretendedMps() as gpu:
        encoder = load_video_encoder(video_options(name, models, precision=precision, device="mps"))
        found = encoder.encode(seen_by(name))
    assert encoder.device == "mps"
    assert "aten::convolution" in gpu.seen
    assert not gpu.lacking
    compare(found.features, expected.features, precision)


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize("name", [name for name in TEXT if runs_there(name, text_encoder_class)])
def test_text_encoders(name, models, precision):
    expected = load_text_encoder(text_options(name, models, precision=precision)).encode(TEXTS)
    with PretendedMps() as gpu:
        encoder = load_text_encoder(text_options(name, models, precision=precision, device="mps"))
        found = encoder.encode(TEXTS)
    assert encoder.device == "mps"
    assert "aten::embedding" in gpu.seen
    assert not gpu.lacking
    compare(found, expected, precision)


def test_what_is_said_in_clips(models):
    expected = spoken_encoder("clip", models).encode(SAID)
    with PretendedMps() as gpu:
        encoder = spoken_encoder("clip", models, device="mps")
        found = encoder.encode(SAID)
    assert encoder.device == "mps"
    assert gpu.seen
    assert not gpu.lacking
    compare(found, expected, EncoderPrecision.FP32)
