"""Densities of the times that snippets and gaps take, on a grid of steps."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mmtool.arrays import Floats

Indices = NDArray[np.int64]

_TABLE = 2**17  # entries; kernels with more are made one by one
_LEAST = 1e-30  # probability of one step, so that any text fits where it must


def student_durations(
    medians: Floats, noise: float, freedom: float, step: float, most: int
) -> Sequence[Floats] | Floats:
    """Probabilities (R, D) of 0..D−1 steps: Student's t around medians (M, R), with scale noise · √median.

    The scale is that of a sum of seconds whose errors are independent. ``most`` limits D. The kernels are one
    table (M, R, D), padded with 0, where that is small.
    """
    greatest = medians.max(axis=1)  # (M,)
    reach = np.minimum(4 * greatest, greatest + 8 * noise * np.sqrt(greatest)) + 1.0
    steps = np.clip(np.ceil(np.maximum(reach, 3 * step) / step).astype(np.int64) + 1, 2, most)

    def density(times: Floats, medians: Floats) -> Floats:
        z = (times - medians) / (noise * np.sqrt(medians))
        found: Floats = (1 + z * z / freedom) ** (-(freedom + 1) / 2)
        return found

    return _kernels(density, medians, steps, step)


def _kernels(
    density: Callable[[Floats, Floats], Floats], medians: Floats, steps: Indices, step: float
) -> Sequence[Floats] | Floats:
    """Kernels of ``steps`` (M,) entries by a density of times (D,) around medians (…, R, 1)."""
    times = np.arange(steps.max()) * step
    if medians.size * len(times) > _TABLE:
        return [_normalised(density(times[:n], m[:, None])) for m, n in zip(medians, steps, strict=True)]
    table = density(times, medians[:, :, None])
    table *= np.arange(len(times)) < steps[:, None, None]
    return _normalised(table)


def together(kernels: Sequence[Floats] | Floats) -> Floats:
    """Kernels (R, D), one a snippet, as one table (M, R, D), padded with 0."""
    if isinstance(kernels, np.ndarray):
        return kernels
    table = np.zeros((len(kernels), len(kernels[0]), max(kernel.shape[1] for kernel in kernels)))
    for row, kernel in zip(table, kernels, strict=True):
        row[:, : kernel.shape[1]] = kernel
    return table


def log_normal_durations(
    medians: Floats, deviation: float, step: float, most: int, reach: float
) -> Sequence[Floats] | Floats:
    """Probabilities (R, D) of 0..D−1 steps: log-normal around medians (M, R), up to ``reach`` medians.

    They are one table where :func:`student_durations` gives one.
    """
    steps = np.clip((reach * medians.max(axis=1) / step).astype(np.int64) + 1, 2, most)
    return _kernels(lambda times, medians: _log_normal(times, medians, deviation), medians, steps, step)


def gap_durations(median: float, deviation: float, longest: float, step: float, most: int) -> Floats:
    """Probability (G,) of 0..G−1 steps of a gap: log-normal."""
    times = np.arange(max(2, min(int(longest / step), most)), dtype=np.float64) * step
    gap: Floats = _normalised(_log_normal(times, np.array(median), deviation))
    return gap


def _log_normal(times: Floats, medians: Floats, deviation: float) -> Floats:
    safe = np.maximum(times, 1e-9)
    z = np.log(safe / medians) / deviation
    density: Floats = np.exp(-0.5 * z**2) / safe
    return density


def _normalised(density: Floats) -> Floats:
    """A duration of no step is impossible, one of one step always possible."""
    density[..., 0] = 0.0
    density[..., 1] = np.maximum(density[..., 1], _LEAST)
    kernel: Floats = density / density.sum(axis=-1, keepdims=True)
    return kernel
