"""Densities of the times that snippets and gaps take, on a grid of steps."""

import numpy as np

from mmtool.arrays import Floats

_LEAST = 1e-30  # probability of one step, so that any text fits where it must


def student_durations(medians: Floats, noise: float, freedom: float, step: float, most: int) -> Floats:
    """Probability (R, D) of 0..D−1 steps: Student's t around medians (R,), with scale noise · √median.

    The scale is that of a sum of seconds whose errors are independent. ``most`` limits D.
    """
    greatest = float(medians.max())
    longest = max(min(4 * greatest, greatest + 8 * noise * np.sqrt(greatest)) + 1.0, 3 * step)
    times = np.arange(max(2, min(int(np.ceil(longest / step)) + 1, most))) * step
    z = (times - medians[:, None]) / (noise * np.sqrt(medians[:, None]))
    return _normalised((1 + z * z / freedom) ** (-(freedom + 1) / 2))


def log_normal_durations(medians: Floats, deviation: float, step: float, most: int, reach: float) -> Floats:
    """Probability (R, D) of 0..D−1 steps: log-normal around medians (R,), up to ``reach`` medians."""
    times = np.arange(max(2, min(int(reach * medians.max() / step) + 1, most)), dtype=np.float64) * step
    return _normalised(_log_normal(times, medians, deviation))


def gap_durations(median: float, deviation: float, longest: float, step: float, most: int) -> Floats:
    """Probability (G,) of 0..G−1 steps of a gap: log-normal."""
    times = np.arange(max(2, min(int(longest / step), most)), dtype=np.float64) * step
    gap: Floats = _normalised(_log_normal(times, np.array([median]), deviation))[0]
    return gap


def _log_normal(times: Floats, medians: Floats, deviation: float) -> Floats:
    safe = np.maximum(times, 1e-9)
    z = np.log(safe / medians[:, None]) / deviation
    density: Floats = np.exp(-0.5 * z**2) / safe
    return density


def _normalised(density: Floats) -> Floats:
    """A duration of no step is impossible, one of one step always possible."""
    density[:, 0] = 0.0
    density[:, 1] = np.maximum(density[:, 1], _LEAST)
    kernel: Floats = density / density.sum(axis=1, keepdims=True)
    return kernel
