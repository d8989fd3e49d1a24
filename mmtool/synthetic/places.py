"""Muted landscapes behind the objects: a soft sky and two ridges, without bright colours."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmtool.synthetic.pictures import Place

Image = NDArray[np.uint8]
Curve = NDArray[np.float64]
RGB = tuple[int, int, int]

RIDGES = ((0.62, 0.55), (0.8, 1.0))  # position of a ridge in the frame, its share of the ground colour


def _waves(across: Curve, dice: np.random.Generator) -> Curve:
    return 0.012 * np.sin(2 * np.pi * (9 * across + dice.random()))


def _dunes(across: Curve, dice: np.random.Generator) -> Curve:
    slow = np.sin(2 * np.pi * (0.9 * across + dice.random()))
    fast = np.sin(2 * np.pi * (2.3 * across + dice.random()))
    dunes: Curve = 0.07 * slow + 0.02 * fast
    return dunes


def _firs(across: Curve, dice: np.random.Generator) -> Curve:
    trees = (across * 11 + dice.random()) % 1
    return -0.16 * (1 - np.abs(2 * trees - 1)) + _dunes(across, dice) * 0.5


def _roofs(across: Curve, dice: np.random.Generator) -> Curve:
    houses = (across * 9 + dice.random()).astype(int)
    heights: Curve = dice.uniform(0.0, 0.22, size=houses.max() + 1)
    skyline: Curve = -heights[houses]
    return skyline


class _Look(NamedTuple):
    """Colours from top to bottom, and the outline of the ridges in fractions of the height, downwards."""

    sky: RGB
    horizon: RGB
    ground: RGB
    outline: Callable[[Curve, np.random.Generator], Curve]


# Any two looks differ clearly in hue, saturation or brightness, so that a change of place is seen as a cut.
LOOKS: dict[Place, _Look] = {
    Place.DESERT: _Look((128, 112, 88), (172, 148, 112), (140, 110, 72), _dunes),
    Place.NIGHT: _Look((10, 12, 34), (26, 30, 62), (12, 14, 30), _dunes),
    Place.FOG: _Look((136, 146, 154), (168, 178, 184), (124, 136, 144), _dunes),
    Place.FOREST: _Look((48, 66, 40), (66, 88, 52), (22, 40, 20), _firs),
    Place.CITY: _Look((88, 64, 82), (120, 86, 100), (44, 32, 44), _roofs),
    Place.SEA: _Look((84, 104, 112), (112, 132, 138), (58, 88, 100), _waves),
}


def paint_place(place: Place, *, size: tuple[int, int], seed: int) -> Image:
    """Return a view of a place as RGB (height, width, 3); the seed determines its outlines."""
    width, height = size
    look = LOOKS[place]
    dice = np.random.default_rng(seed)
    down = (np.arange(height) / height)[:, None, None]  # (H, 1, 1)
    across = np.arange(width) / width  # (W,)
    sky, horizon, ground = (np.array(colour, float) for colour in (look.sky, look.horizon, look.ground))
    air = sky + (horizon - sky) * np.clip(down / RIDGES[0][0], 0, 1)  # (H, 1, 3)
    picture = np.repeat(air, width, axis=1)  # (H, W, 3)
    for level, share in RIDGES:
        ridge = level + look.outline(across, dice)  # (W,)
        cover = np.clip((down[:, :, 0] - ridge) * height + 0.5, 0, 1)[:, :, None]  # (H, W, 1), antialiased
        colour = (horizon + (ground - horizon) * share) * (1.12 - 0.3 * (down - level))
        picture += (colour - picture) * cover
    return picture.clip(0, 255).astype(np.uint8)
