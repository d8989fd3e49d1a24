"""Where to compute: which processors multiply bf16, and how many threads they get."""

import os
import platform
from dataclasses import replace

import pytest
import torch

from mmtool.choices import Modality
from mmtool.errors import SettingError
from mmtool.settings.extract import ExtractSettings
from mmtool.stages.doctor import State, doctor
from mmtool.stages.shared.batch_sizes import batch_size_for
from mmtool.stages.shared.devices import multiplies_bf16, resolve_device, set_threads
from mmtool.stages.shared.encoders import encoder_devices, left_to_cpu, worker_devices
from mmtool.stages.shared.gpus import has_kernels, usable_gpus
from support.commands import call, complaint
from support.corpora import make_corpus
from support.pretended_gpus import pretend_gpus

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("machine", "capability", "others", "expected"),
    [
        ("x86_64", "AVX512", {}, True),
        ("AMD64", "AVX2", {}, False),
        ("x86_64", "DEFAULT", {}, False),
        ("aarch64", "DEFAULT", {"bf16": True}, True),
        ("aarch64", "SVE256", {"bf16": False}, False),
        ("arm64", "DEFAULT", None, False),  # a version of torch that does not tell
    ],
)
def test_processors_that_multiply_bf16(machine, capability, others, expected, monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    if others is None:
        monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    else:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: others, raising=False)
    assert multiplies_bf16(CPU) is expected


def test_this_processor_is_judged_as_torch_judges_it():
    private = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    if private is None:
        pytest.skip("this version of torch does not say")
    assert multiplies_bf16(CPU) is (torch.backends.mkldnn.is_available() and bool(private()))


def test_without_onednn_no_processor_multiplies_bf16(monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not multiplies_bf16(CPU)


def test_gpus_multiply_bf16_since_ampere(monkeypatch):
    pretend_gpus(monkeypatch, (7, 5), (8, 0), (9, 0))
    assert [multiplies_bf16(torch.device("cuda", number)) for number in range(3)] == [False, True, True]


@pytest.mark.parametrize(
    ("capability", "kernels", "expected"),
    [
        ((8, 6), ["sm_80"], True),
        ((8, 0), ["sm_86"], False),
        ((9, 0), ["sm_80", "sm_86"], False),
        ((9, 0), ["sm_80", "compute_80"], True),
        ((7, 0), ["sm_75", "compute_90"], False),
        ((9, 0), ["sm_90a"], True),
        ((9, 1), ["sm_90a"], False),
        ((10, 3), ["sm_100f"], True),
        ((12, 0), ["sm_100f"], False),
        ((12, 1), ["sm_120"], True),
        ((8, 0), [], False),
    ],
)
def test_kernels_that_a_gpu_runs(capability, kernels, expected):
    assert has_kernels(capability, kernels) is expected


def test_gpus_without_kernels_are_left_out(monkeypatch):
    """Of mixed generations, those that torch can use are taken; none is taken silently."""
    machine(monkeypatch)
    pretend_gpus(monkeypatch, (3, 7), (8, 0), (6, 1), (9, 0))
    assert [gpu.number for gpu in usable_gpus()] == [1, 3]
    assert resolve_device("auto") == resolve_device("cuda") == torch.device("cuda:1")
    with pytest.raises(SettingError, match=r"no kernels for GPU 2 \(Pretended, compute capability 6.1\)"):
        resolve_device("cuda:2")
    settings = ExtractSettings(video_encoder="resnet18", workers=5)
    assert worker_devices(settings) == [f"cuda:{number}" for number in (1, 3, 1, 3, 1)]
    assert worker_devices(replace(settings, device="cuda:3")) == ["cuda:3"] * 5
    assert worker_devices(replace(settings, device="cpu")) == ["cpu"] * 5
    found = {finding.name: finding for finding in doctor().findings}
    assert found["GPU 1"].state is State.FINE
    assert found["GPU 0"].state is State.OPTIONAL
    assert "no kernels for compute capability 3.7" in found["GPU 0"].detail
    pretend_gpus(monkeypatch, (3, 7))
    assert resolve_device("auto") == CPU
    with pytest.raises(SettingError, match="this build of torch has no kernels for GPU 0"):
        resolve_device("cuda")


@pytest.mark.parametrize(
    ("gib", "frames"), [(4, 8), (8, 8), (12, 8), (16, 16), (24, 16), (40, 32), (80, 64), (192, 64)]
)
def test_batches_grow_with_the_memory_of_a_gpu(monkeypatch, gib, frames):
    pretend_gpus(monkeypatch, (8, 0), gib=gib)
    gpu = torch.device("cuda", 0)
    assert batch_size_for(gpu, Modality.VIDEO) == frames
    assert batch_size_for(gpu, Modality.TEXT) == 32 * frames
    assert batch_size_for(CPU, Modality.VIDEO) == batch_size_for(CPU, Modality.TEXT) == 8


def machine(monkeypatch, *, gpus=0, apple=False):
    """A machine that claims to have so many GPUs of NVIDIA, or one of Apple."""
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    pretend_gpus(monkeypatch, *[(8, 0)] * gpus)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: apple)


@pytest.mark.parametrize("choice", ["cuda", "cuda:0", "cuda:9"])
def test_a_gpu_that_is_not_there_is_an_impossible_setting(choice, monkeypatch):
    machine(monkeypatch)
    assert resolve_device("auto") == CPU
    with pytest.raises(SettingError, match=f"device is {choice}, but torch sees no GPU; use cpu or auto"):
        resolve_device(choice)


def test_one_of_several_gpus_is_chosen_by_its_number(monkeypatch):
    machine(monkeypatch, gpus=2)
    assert resolve_device("cpu") == CPU
    assert resolve_device("auto") == resolve_device("cuda") == torch.device("cuda:0")
    assert resolve_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(SettingError, match="device is cuda:9, but this machine has 2 GPUs, cuda:0 to cuda:1"):
        resolve_device("cuda:9")
    machine(monkeypatch, gpus=1)
    with pytest.raises(SettingError, match="device is cuda:9, but this machine has 1 GPU, cuda:0"):
        resolve_device("cuda:9")


def test_gpus_of_apple_compute_only_what_has_all_its_operators(monkeypatch):
    machine(monkeypatch, apple=True)
    assert resolve_device("auto") == CPU
    assert resolve_device("auto", mps=True) == resolve_device("mps", mps=True) == torch.device("mps")
    with pytest.raises(SettingError, match="device is mps, which lacks operators that are needed here"):
        resolve_device("mps")
    machine(monkeypatch)
    assert resolve_device("auto", mps=True) == CPU
    with pytest.raises(SettingError, match="device is mps, but torch sees no GPU of Apple; use cpu or auto"):
        resolve_device("mps", mps=True)


@pytest.mark.parametrize("device", ["auto", "mps"])
def test_encoders_that_lack_operators_on_gpus_of_apple_are_said_to_use_the_cpu(device, monkeypatch):
    machine(monkeypatch, apple=True)
    settings = ExtractSettings(video_encoder="lxmert", text_encoder="bert", device=device)
    assert encoder_devices(settings) == [CPU, torch.device("mps")]
    assert left_to_cpu(settings) == ["lxmert"]
    machine(monkeypatch)
    assert left_to_cpu(settings) == []


COMMANDS = [
    ["train"],
    ["align"],
    ["calibrate", "--run", "r"],
    ["transcribe"],
    ["extract", "--text-encoder", "length"],
    ["experiment", "table-1"],
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:01", "cuda:-1", "cuda:1.5", "CUDA", "cuda:9:9", ""])
def test_names_that_are_no_devices_are_refused_in_one_line(tmp_path, command, device):
    make_corpus(tmp_path)
    name, *options = command
    result = call(name, tmp_path, *options, "--device", device, code=2)
    assert "must be auto, cpu, cuda, cuda:N" in complaint(result, "--device")


def test_all_cores_are_used_where_the_system_has_no_affinity(monkeypatch):
    """As on macOS and Windows."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delattr(os, "process_cpu_count", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    set_threads(0)
    assert torch.get_num_threads() == 3
    set_threads(2)
    assert torch.get_num_threads() == 2
