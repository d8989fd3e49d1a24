"""Where torch computes; not a stage of its own."""

import os

import torch

from mmtool.choices import Device
from mmtool.cores import usable_cores
from mmtool.errors import CallError


def resolve_device(choice: Device) -> torch.device:
    """The device to use; raises CallError for a GPU that is not there."""
    if choice is Device.CUDA and not torch.cuda.is_available():
        raise CallError("--device cuda: torch sees no GPU here; use --device cpu or auto")
    if choice is Device.CPU or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))  # torchrun: a GPU a process


def multiplies_bf16(device: torch.device) -> bool:
    """Whether products of bf16 are quick: on GPUs, and on processors for which oneDNN has any."""
    if device.type != "cpu":
        return True
    has_onednn: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return has_onednn and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def set_threads(threads: int) -> None:
    """Let torch use ``threads`` CPU threads; 0 uses all available cores."""
    torch.set_num_threads(threads or usable_cores())
