"""A field of optical flow → what it says about the motion of things and of the camera."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]

DIRECTIONS = 8  # sectors of a circle, the first from 0° (to the right) to 45° downwards
GRID = 3  # the parts of a frame whose speeds are told apart, across and down
MOVING = 0.02  # heights of the frame per second above which something moves
NAMES = (
    *("speed", "speed deviation", "fastest tenth", "moving share"),
    *("pan right", "pan down", "zoom", "rotation"),
    *("own speed", "own fastest tenth", "change of brightness"),
    *(f"direction {sector}" for sector in range(DIRECTIONS)),
    *(f"speed of part {row},{column}" for row in range(GRID) for column in range(GRID)),
)


def describe(velocity: Field, change: float) -> NDArray[np.float64]:
    """Describe the motion between two frames.

    The camera's motion is the affine one that fits best: pan, zoom and rotation. What is left over is the
    things' own.

    Args:
        velocity: (gy, gx, 2): to the right and down, in heights of the frame per second.
        change: Mean absolute difference of the frames, from 0 to 1.

    Returns:
        The numbers (len(NAMES),) that :data:`NAMES` names.
    """
    rows, columns = velocity.shape[:2]
    speed = np.hypot(velocity[..., 0], velocity[..., 1])  # (gy, gx)
    design, solution = _design(rows, columns)  # (gy·gx, 3), (3, gy·gx)
    flat = velocity.reshape(-1, 2).astype(np.float64)
    fitted = solution @ flat  # (3, 2): constant, by x, by y
    left = flat - design @ fitted
    own = np.hypot(left[:, 0], left[:, 1])
    pan, by_x, by_y = fitted
    zoom, rotation = (by_x[0] + by_y[1]) / 2, (by_x[1] - by_y[0]) / 2
    return np.array(
        [
            *(speed.mean(), speed.std(), _fastest_tenth(speed), (speed > MOVING).mean()),
            *(pan[0], pan[1], zoom, rotation),
            *(own.mean(), _fastest_tenth(own), change),
            *_directions(velocity, speed),
            *_parts(speed),
        ]
    )


def _fastest_tenth(speeds: NDArray[np.floating[Any]]) -> float:
    """The speed that a tenth of all cells exceed."""
    place = int(0.9 * (speeds.size - 1))
    return float(np.partition(speeds.ravel(), place)[place])


@lru_cache(maxsize=8)
def _design(rows: int, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """1, x and y of each cell, from the middle of the frame in heights of it; and the pseudo-inverse."""
    y = (np.arange(rows) + 0.5) / rows - 0.5
    x = ((np.arange(columns) + 0.5) / columns - 0.5) * columns / rows
    across, down = np.meshgrid(x, y)
    design = np.stack([np.ones(rows * columns), across.ravel(), down.ravel()], axis=1)
    return design, np.asarray(np.linalg.pinv(design), np.float64)


def _directions(velocity: Field, speed: Field) -> NDArray[np.float64]:
    """The share of each direction (DIRECTIONS,) in the whole motion; zeros without motion."""
    total = float(speed.sum())
    if total == 0:
        return np.zeros(DIRECTIONS)
    angles = np.arctan2(velocity[..., 1], velocity[..., 0]) % (2 * np.pi)
    sectors = np.minimum((angles * DIRECTIONS / (2 * np.pi)).astype(int), DIRECTIONS - 1)
    return np.bincount(sectors.ravel(), speed.ravel(), DIRECTIONS) / total


def _parts(speed: Field) -> list[float]:
    """The mean speed of each of the parts of a frame, row by row."""
    rows = np.array_split(speed, GRID, axis=0) if len(speed) >= GRID else [speed] * GRID
    return [
        float(part.mean())
        for row in rows
        for part in (np.array_split(row, GRID, axis=1) if row.shape[1] >= GRID else [row] * GRID)
    ]
