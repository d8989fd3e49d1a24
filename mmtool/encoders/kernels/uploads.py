"""Arrays to the device that computes, and features back: on a GPU, copied beside its work."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmtool.encoders.contract import EncodedFrames


def upload(array: NDArray[Any], device: torch.device) -> Tensor:
    """The array as a tensor of the device; it must not be changed afterwards.

    A GPU copies from pinned memory in a stream of its own, so that neither the program nor the products of an
    earlier batch wait for the copy.
    """
    if device.type != "cuda":
        return torch.tensor(array, device=device)
    pinned = torch.from_numpy(np.ascontiguousarray(array)).pin_memory()
    copies, products = _copies(device), torch.cuda.current_stream(device)
    with torch.cuda.stream(copies):
        tensor = pinned.to(device, non_blocking=True)
    products.wait_stream(copies)
    tensor.record_stream(products)  # its memory is not reused for copies before the products are done
    return tensor


def fetched(parts: Sequence[Tensor], dimension: int) -> EncodedFrames:
    """Features (b, D) of several batches, in fp32; waits until they are computed."""
    features = np.zeros((sum(map(len, parts)), dimension), dtype=np.float32)
    start = 0
    for part in parts:
        features[start : start + len(part)] = part.float().cpu().numpy()
        start += len(part)
    return EncodedFrames(features)


@cache
def _copies(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
