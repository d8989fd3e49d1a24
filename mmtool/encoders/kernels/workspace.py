"""Memory that is reused: getting fresh pages from the system takes as long as computing in them."""

import math

import torch
from torch import Tensor


class Workspace:
    """Tensors by name. Taking a name again overwrites what it held."""

    def __init__(self) -> None:
        self._buffers: dict[str, Tensor] = {}

    def take(self, name: str, shape: tuple[int, ...], *, like: Tensor) -> Tensor:
        """An uninitialised contiguous tensor of ``shape``, with the device and type of ``like``."""
        size = math.prod(shape)
        buffer = self._buffers.get(name)
        if buffer is None or len(buffer) < size:
            buffer = self._buffers[name] = torch.empty(size, dtype=like.dtype, device=like.device)
        return buffer[:size].view(shape)
