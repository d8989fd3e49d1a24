"""Where torch computes, and with how many threads."""

import os
import platform

import torch

from mmtool.cores import usable_cores
from mmtool.errors import SettingError
from mmtool.settings.devices import AUTO, CPU, MPS


def resolve_device(choice: str, *, mps: bool = False) -> torch.device:
    """The device to use; auto is a GPU if there is a usable one, otherwise the CPU.

    Args:
        choice: The `device` of the settings.
        mps: Whether all operators of what is to be computed exist for the GPUs of Apple.

    Raises:
        SettingError: A GPU is wanted that is not there, or that lacks operators.
    """
    if choice == MPS or (choice == AUTO and mps and not torch.cuda.is_available()):
        return _mps(choice, mps)
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if choice == CPU or (choice == AUTO and not count):
        return torch.device("cpu")
    if not count:
        raise SettingError("device", f"is {choice}, but torch sees no GPU; use cpu or auto")
    return torch.device("cuda", _gpu_number(choice, count))


def _gpu_number(choice: str, count: int) -> int:
    """The GPU of this process: torchrun gives each of its processes on a machine one of its own."""
    rank, together = int(os.environ.get("LOCAL_RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    _, _, number = choice.partition(":")
    gpus = "1 GPU, cuda:0" if count == 1 else f"{count} GPUs, cuda:0 to cuda:{count - 1}"
    if number and together > 1:
        raise SettingError("device", f"is {choice} for all {together} processes of torchrun; use cuda")
    if number and int(number) >= count:
        raise SettingError("device", f"is {choice}, but this machine has {gpus}")
    if rank >= count:
        raise SettingError(
            "device",
            f"is {choice}, but this machine has {gpus}, and none for process {rank} of torchrun; "
            f"start {count} or fewer processes on a machine, or use cpu",
        )
    return int(number or rank)


def _mps(choice: str, complete: bool) -> torch.device:
    """The GPU of Apple; where there is none, the CPU for auto."""
    if torch.backends.mps.is_available() and complete:
        return torch.device("mps")
    if choice == AUTO:
        return torch.device("cpu")
    if not complete:
        raise SettingError("device", "is mps, which lacks operators that are needed here; use cpu or auto")
    raise SettingError("device", "is mps, but torch sees no GPU of Apple; use cpu or auto")


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
