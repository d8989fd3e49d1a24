"""Memory that is used again and again: to be given fresh pages costs as much time as to compute in them."""

import math

import torch
from torch import Tensor


class Workspace:
    """Tensors by name. What a name held before is lost when it is taken again."""

    def __init__(self) -> None:
        self._kept: dict[str, Tensor] = {}

    def take(self, name: str, shape: tuple[int, ...], *, like: Tensor) -> Tensor:
        """A contiguous tensor of ``shape`` with anything in it, on the device and of the type of ``like``."""
        size = math.prod(shape)
        kept = self._kept.get(name)
        if kept is None or len(kept) < size:
            kept = self._kept[name] = torch.empty(size, dtype=like.dtype, device=like.device)
        return kept[:size].view(shape)
