"""Descriptions of what a shot of a synthetic movie can show; nothing is drawn here.

There are few colours and shapes, and they differ clearly, so that a small network can learn their names.
Places are muted and cards are patterned, so that neither is taken for an object.
"""

from dataclasses import dataclass
from enum import StrEnum


class Colour(StrEnum):
    """The colour of an object, and the word for it."""

    RED = "red"
    GREEN = "green"
    BLUE = "blue"
    YELLOW = "yellow"
    PURPLE = "purple"
    WHITE = "white"


class Shape(StrEnum):
    """The shape of an object, and the word for it."""

    CIRCLE = "circle"
    SQUARE = "square"
    TRIANGLE = "triangle"
    STAR = "star"
    CROSS = "cross"
    RING = "ring"


class Motion(StrEnum):
    """What an object does during a shot."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    SPIN = "spin"
    BOUNCE = "bounce"
    GROW = "grow"
    STILL = "still"


class Place(StrEnum):
    """The background of a scene."""

    DESERT = "desert"
    NIGHT = "night"
    FOG = "fog"
    FOREST = "forest"
    CITY = "city"
    SEA = "sea"


class Pattern(StrEnum):
    """The kinds of cards, which are shots that no sentence describes."""

    TITLE = "title"
    LEADER = "leader"
    CHECKERBOARD = "checkerboard"
    STRIPES = "stripes"
    STATIC = "static"
    CREDITS = "credits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One object, or two of a kind, and what they do; the same in all shots of an event."""

    colour: Colour
    shape: Shape
    motion: Motion
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An actor in a place, seen by a camera.

    ``centre`` (x, y) is a fraction of the frame's width and height, ``radius`` a fraction of its height;
    both hold in the middle of the shot. ``seed`` determines the details of the place.
    """

    actor: Actor
    place: Place
    centre: tuple[float, float]
    radius: float
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A still with a pattern, and with words where the pattern has room for them."""

    pattern: Pattern
    text: str
    seed: int


Picture = Scene | Card
