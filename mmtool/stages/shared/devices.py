"""Where torch computes, and with how many threads."""

import os
import platform

import torch

from mmtool.cores import usable_cores
from mmtool.errors import SettingError
from mmtool.settings.devices import AUTO, CPU, MPS
from mmtool.stages.shared.gpus import gpu_of, gpus, usable_gpus


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
    seen, usable = gpus(), usable_gpus()
    if choice == CPU or (choice == AUTO and not usable):
        return torch.device("cpu")
    if not seen:
        raise SettingError("device", f"is {choice}, but torch sees no GPU; use cpu or auto")
    number = _gpu_number(choice, len(seen), first=usable[0].number if usable else 0)
    if not seen[number].usable:
        kernels = ", ".join(torch.cuda.get_arch_list()) or "none"
        raise SettingError(
            "device",
            f"is {choice}, but this build of torch has no kernels for {seen[number].described}: it has "
            f"{kernels}; use cpu or auto, or install a build of torch for this GPU",
        )
    return torch.device("cuda", number)


def _gpu_number(choice: str, count: int, *, first: int) -> int:
    """The GPU of this process: torchrun gives each of its processes on a machine one of its own.

    Without torchrun, it is the ``first`` that can be used.
    """
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
    return int(number) if number else rank if together > 1 else first


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
    """Whether products of bf16 are fast.

    They are on GPUs since Ampere (compute capability 8.0), and on processors for which oneDNN has them.
    """
    if device.type == "cuda":
        return gpu_of(device).multiplies_bf16
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
