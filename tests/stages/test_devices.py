"""Where to compute: which processors multiply bf16, and how many threads they get."""

import os
import platform

import pytest
import torch

from mmtool.choices import Device
from mmtool.errors import SettingError
from mmtool.stages.shared.devices import multiplies_bf16, resolve_device, set_threads

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
    assert multiplies_bf16(torch.device("cuda"))


def test_a_gpu_that_is_not_there_is_an_impossible_setting(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device(Device.AUTO) == CPU
    with pytest.raises(SettingError, match="device is cuda, but torch sees no GPU; use cpu or auto"):
        resolve_device(Device.CUDA)


def test_all_cores_are_used_where_the_system_has_no_affinity(monkeypatch):
    """As on macOS and Windows."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delattr(os, "process_cpu_count", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    set_threads(0)
    assert torch.get_num_threads() == 3
    set_threads(2)
    assert torch.get_num_threads() == 2
