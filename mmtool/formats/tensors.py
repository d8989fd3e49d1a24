"""What the tensors of a stored network must be, so that what is behind the readers can rely on it."""

from typing import Any

import torch

from mmtool.formats.json_files import number

WIDEST = 1 << 24  # columns of features, and numbers of actions; more is damage


def named(value: Any) -> dict[str, Any]:
    """An object with names; raises TypeError for anything else."""
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise TypeError("not an object with names")
    return value


def tensors(value: Any) -> dict[str, torch.Tensor]:
    """Tensors by name, each stored as it is; raises TypeError for anything else."""
    for name, tensor in named(value).items():
        if not isinstance(tensor, torch.Tensor) or not is_plain(tensor):
            raise TypeError(f"{name!r} is not a plain tensor")
    return named(value)


def is_plain(tensor: torch.Tensor) -> bool:
    """Whether a tensor is dense, and as large as what is stored of it."""
    if tensor.layout is not torch.strided or tensor.is_nested or tensor.is_meta or tensor.is_quantized:
        return False
    return tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()


def weights(value: Any) -> dict[str, torch.Tensor]:
    """The state of a network: finite numbers of 32 bits, and counters; raises TypeError or ValueError."""
    for name, tensor in tensors(value).items():
        counts = name.endswith("num_batches_tracked")
        if tensor.dtype is not (torch.int64 if counts else torch.float32):
            raise TypeError(f"{name!r} has the type {tensor.dtype}")
        if not _is_finite(tensor):
            raise ValueError(f"{name!r} is not finite")
    return tensors(value)


def _is_finite(tensor: torch.Tensor) -> bool:
    """Whether all numbers are finite; so they are if their sum is, which is faster but may overflow."""
    return bool(tensor.sum().isfinite()) or bool(tensor.isfinite().all())


def shape(value: Any) -> dict[str, object]:
    """The shape of a network: plain values by name; raises LookupError, TypeError or ValueError."""
    found = named(value)
    for name in ("video_dimension", "text_dimension", "actions"):
        count = found[name]
        if type(count) is not int or not 0 < count <= WIDEST:
            raise ValueError(f"{name} is {count!r}")
    for name, entry in found.items():
        if name == "sources":
            _check_sources(entry)
        elif not isinstance(entry, str | bool):
            number(entry)
        elif isinstance(entry, str) and name not in ("inputs", "normalisation", "fusion"):
            raise TypeError(f"{name} is {entry!r}")
    return found


def _check_sources(value: Any) -> None:
    """Raise TypeError or ValueError for anything but the columns of each source."""
    if not isinstance(value, list) or not all(type(columns) is int for columns in value):
        raise TypeError(f"sources are {value!r}")
    if any(not 0 < columns <= WIDEST for columns in value):
        raise ValueError(f"sources are {value!r}")
