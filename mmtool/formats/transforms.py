"""What the arrays of a stored transform must be; features files and checkpoints hold one."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

AXES = {"mean": 1, "scale": 1, "signs": 2, "balance_mean": 1, "balance_scale": 1}


def checked_transform(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The arrays of a fitted transform.

    Raises:
        KeyError: An array is missing.
        ValueError: An array is of another type or shape, is not finite, or does not fit the others.
    """
    if unknown := sorted(arrays.keys() - AXES.keys()):
        raise ValueError(f"a transform has no {unknown[0]!r}")
    for name, array in arrays.items():
        if array.ndim != AXES[name] or array.dtype.kind != ("i" if name == "signs" else "f"):
            raise ValueError(f"{name} has the shape {array.shape} and the type {array.dtype}")
        if not array.size or not np.isfinite(array).all():
            raise ValueError(f"{name} is empty, or not finite")
    outputs, signs = arrays["mean"].shape, arrays.get("signs")
    inputs = outputs if signs is None else signs.shape[1:]
    wanted = {"scale": outputs, "balance_mean": inputs, "balance_scale": inputs}
    if signs is not None:
        wanted["signs"] = (*outputs, *inputs)
    for name, dimensions in wanted.items():
        if name in arrays and arrays[name].shape != dimensions:
            raise ValueError(f"{name} has the shape {arrays[name].shape}, not {dimensions}")
    if not (arrays["scale"] > 0).all() or ("balance_mean" in arrays) != ("balance_scale" in arrays):
        raise ValueError("a scale that is missing, or not above 0")
    return dict(arrays)
