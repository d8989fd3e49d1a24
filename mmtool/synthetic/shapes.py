"""Outlines of the objects: closed polygons around the origin, about one unit in radius."""

import numpy as np
from numpy.typing import NDArray

from mmtool.synthetic.pictures import Shape

Polygon = NDArray[np.float64]

ROUND_CORNERS = 72  # enough for a circle to look round at any size drawn here
RING_HOLE = 0.55
STAR_WAIST = 0.48
CROSS_ARM = 0.36


def outline(shape: Shape, *, angle: float = 0.0) -> list[Polygon]:
    """Return the contours (points, 2) of a shape, x right and y down, turned clockwise by ``angle`` radians.

    The second contour, if any, is a hole.
    """
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return [contour @ turn for contour in _upright(shape)]


def _upright(shape: Shape) -> list[Polygon]:
    match shape:
        case Shape.CIRCLE:
            return [_regular(ROUND_CORNERS)]
        case Shape.RING:
            return [_regular(ROUND_CORNERS), RING_HOLE * _regular(ROUND_CORNERS)]
        case Shape.TRIANGLE:
            return [1.15 * _regular(3)]
        case Shape.SQUARE:
            return [0.88 * np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])]
        case Shape.STAR:
            waist = np.where(np.arange(10) % 2, STAR_WAIST, 1.0)
            return [1.12 * _regular(10) * waist[:, None]]
        case Shape.CROSS:
            a = CROSS_ARM
            arm = np.array([(-a, -1.0), (a, -1.0), (a, -a), (1.0, -a), (1.0, a), (a, a)])
            return [np.concatenate([arm, -arm])]


def _regular(corners: int) -> Polygon:
    """Corners on the unit circle, clockwise from the top."""
    angles = 2 * np.pi * np.arange(corners) / corners
    return np.stack([np.sin(angles), -np.cos(angles)], axis=1)
