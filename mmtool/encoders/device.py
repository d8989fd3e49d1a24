"""Where the models run."""

import torch

from mmtool.choices import Device
from mmtool.errors import CallError


def torch_device(device: Device) -> torch.device:
    """``auto`` is the GPU where there is one; raises CallError where a GPU is asked for in vain."""
    if device is Device.AUTO:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device is Device.CUDA and not torch.cuda.is_available():
        raise CallError("--device cuda: torch finds no CUDA device here; use --device auto or cpu")
    return torch.device(device.value)
