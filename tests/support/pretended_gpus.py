"""A machine that claims to have GPUs of given compute capabilities; nothing can be computed on them."""

from types import SimpleNamespace

import torch
import torch._dynamo  # it wants torch's own functions when it is imported, which some commands do late

KERNELS = ["sm_75", "sm_80", "sm_86", "sm_90", "compute_90"]


def properties(capability=(8, 0), gib=16, name="Pretended"):
    """What torch tells about a GPU."""
    major, minor = capability
    return SimpleNamespace(name=name, major=major, minor=minor, total_memory=gib * 2**30)


def pretend_gpus(monkeypatch, *capabilities, gib=16, kernels=KERNELS):
    """One GPU for each compute capability, and a build of torch with these kernels."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(capabilities))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(capabilities))
    monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: list(kernels))
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda number: properties(capabilities[number], gib)
    )
