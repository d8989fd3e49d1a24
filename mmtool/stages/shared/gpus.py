"""NVIDIA's and AMD's GPUs of this machine, and whether this build of torch has kernels for them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

AMPERE = (8, 0)  # the first compute capability that multiplies bf16
_KERNELS = re.compile(r"(sm|compute)_(\d+)(\d)([af]?)")  # compute capability; a: only this one, f: its family


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU; ``number`` is torch's, ``memory`` in bytes."""

    number: int
    name: str
    capability: tuple[int, int]
    memory: int
    usable: bool

    @property
    def device(self) -> torch.device:
        return torch.device("cuda", self.number)

    @property
    def described(self) -> str:
        major, minor = self.capability
        return f"GPU {self.number} ({self.name}, compute capability {major}.{minor})"

    @property
    def multiplies_bf16(self) -> bool:
        """Whether products of bf16 are fast; older GPUs emulate them. AMD's have had them since 2018."""
        return self.capability >= AMPERE or torch.version.hip is not None


def gpus() -> list[Gpu]:
    """All GPUs that torch sees, in its order, whether it can use them or not."""
    if not torch.cuda.is_available():
        return []
    kernels = torch.cuda.get_arch_list()
    return [_gpu(number, kernels) for number in range(torch.cuda.device_count())]


def usable_gpus() -> list[Gpu]:
    """Those that this build of torch has kernels for."""
    return [gpu for gpu in gpus() if gpu.usable]


def gpu_of(device: torch.device) -> Gpu:
    """The GPU of a device of the type ``cuda``."""
    return _gpu(device.index or 0, torch.cuda.get_arch_list())


def device_with_name(device: str) -> str:
    """A device as features files record it: ``cpu``, ``mps``, or ``cuda`` with the name of the GPU."""
    where = torch.device(device)
    return f"{where.type} ({gpu_of(where).name})" if where.type == "cuda" else where.type


def has_kernels(capability: tuple[int, int], kernels: Sequence[str]) -> bool:
    """Whether a GPU can run one of these kernels, such as ``sm_80`` or ``compute_90``.

    Binaries (``sm``) run on later GPUs of the same major number, and PTX (``compute``) on all later ones;
    those marked with ``a`` run on exactly one compute capability, those with ``f`` on one major number.
    """
    for found in filter(None, map(_KERNELS.fullmatch, kernels)):
        built = int(found[2]), int(found[3])
        if found[4] == "a":
            fits = capability == built
        elif found[1] == "sm" or found[4] == "f":
            fits = capability[0] == built[0] and capability >= built
        else:
            fits = capability >= built
        if fits:
            return True
    return False


def _gpu(number: int, kernels: Sequence[str]) -> Gpu:
    properties: Any = torch.cuda.get_device_properties(number)
    capability = properties.major, properties.minor
    if torch.version.hip is not None:
        usable = str(properties.gcnArchName).partition(":")[0] in kernels
    else:
        usable = has_kernels(capability, kernels)
    return Gpu(number, properties.name, capability, properties.total_memory, usable)
