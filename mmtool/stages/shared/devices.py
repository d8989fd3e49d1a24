"""Where torch computes, and with how many threads."""

import os
import platform

import torch

from mmtool.choices import Device
from mmtool.cores import usable_cores
from mmtool.errors import SettingError


def resolve_device(choice: Device) -> torch.device:
    """The device to use; raises SettingError if a GPU is wanted that is not there."""
    if choice is Device.CUDA and not torch.cuda.is_available():
        raise SettingError("device", "is cuda, but torch sees no GPU; use cpu or auto")
    if choice is Device.CPU or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))  # torchrun: one GPU per process


def multiplies_bf16(device: torch.device) -> bool:
    """Whether products of bf16 are fast: on GPUs, and on processors for which oneDNN implements them."""
    if device.type != "cpu":
        return True
    has_onednn: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return has_onednn and _processor_multiplies_bf16()


def _processor_multiplies_bf16() -> bool:
    """oneDNN wants AVX-512 on Intel's and AMD's processors, and the bf16 extension on ARM's."""
    if platform.machine().lower() in ("aarch64", "arm64"):
        capabilities = getattr(torch.cpu, "get_capabilities", None)  # since version 2.12 or so of torch
        return capabilities is not None and bool(capabilities().get("bf16", False))
    return torch.backends.cpu.get_cpu_capability().startswith("AVX512")


def set_threads(threads: int) -> None:
    """Let torch use ``threads`` CPU threads; 0 means one for each core that this process may use."""
    torch.set_num_threads(threads or usable_cores())
