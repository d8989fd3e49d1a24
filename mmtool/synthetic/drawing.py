"""Movie → frames → video file."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mmtool.errors import InputError
from mmtool.synthetic.cards import paint_card
from mmtool.synthetic.movies import Movie, Shot
from mmtool.synthetic.pictures import Card, Colour, Motion, Scene
from mmtool.synthetic.places import RGB, Image, paint_place
from mmtool.synthetic.shapes import outline

CODEC = "mp4v"
OVERSAMPLING = 4  # shapes are drawn this many times larger and averaged down, for smooth edges

PAINTS: dict[Colour, RGB] = {
    Colour.RED: (214, 36, 24),
    Colour.GREEN: (36, 168, 56),
    Colour.BLUE: (36, 76, 226),
    Colour.YELLOW: (246, 206, 30),
    Colour.PURPLE: (160, 48, 196),
    Colour.WHITE: (248, 244, 232),
}

DRIFT = 0.2  # frame heights per second; slow enough that no motion looks like a cut
BOUNCE = 0.13  # frame heights, once a second
GROWTH = 0.22  # share of the radius per second
TURN = 1.5  # radians per second

SHADOW = 0.4  # how much darker the background is under an object
SHADOW_BLUR = 0.06  # in frame heights
SHADOW_OFFSET = (0.025, 0.04)  # right and down, in frame heights
PAIR_DISTANCE = 1.15  # from the middle of a pair to either object, in radii


class _Pose(NamedTuple):
    """The effect of a motion on an object: shift in frame heights, factor of its size, radians."""

    right: float = 0.0
    down: float = 0.0
    scale: float = 1.0
    angle: float = 0.0


def frames(movie: Movie) -> Iterator[Image]:
    """Yield all frames of a movie in order, RGB (height, width, 3)."""
    for shot in movie.shots:
        yield from shot_frames(shot, size=movie.size, fps=movie.fps)


def shot_frames(shot: Shot, *, size: tuple[int, int], fps: int) -> Iterator[Image]:
    """Yield the frames of one shot, RGB (height, width, 3)."""
    count = shot.end_frame - shot.start_frame
    if isinstance(shot.picture, Card):
        still = paint_card(shot.picture, size=size)
        yield from (still for _ in range(count))
        return
    place = paint_place(shot.picture.place, size=size, seed=shot.picture.seed)
    for number in range(count):
        seconds = (number - (count - 1) / 2) / fps  # from the middle of the shot
        yield _draw_actor(place, shot.picture, _pose(shot.picture.actor.motion, seconds))


def write_video(movie: Movie, path: Path) -> None:
    """Write the frames as MPEG-4 video; ``path`` ends in ``.mp4``.

    Raises InputError if the file cannot be written.
    """
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*CODEC), movie.fps, movie.size)
    if not writer.isOpened():
        raise InputError(path, "the video cannot be written", "name an .mp4 file in a writable folder")
    try:
        for frame in frames(movie):
            writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    finally:
        writer.release()


def _pose(motion: Motion, seconds: float) -> _Pose:
    match motion:
        case Motion.LEFT:
            return _Pose(right=-DRIFT * seconds)
        case Motion.RIGHT:
            return _Pose(right=DRIFT * seconds)
        case Motion.UP:
            return _Pose(down=-DRIFT * seconds)
        case Motion.DOWN:
            return _Pose(down=DRIFT * seconds)
        case Motion.SPIN:
            return _Pose(angle=TURN * seconds)
        case Motion.BOUNCE:
            return _Pose(down=BOUNCE * (0.5 - abs(math.cos(math.pi * seconds))))
        case Motion.GROW:
            return _Pose(scale=1 + GROWTH * seconds)
        case Motion.STILL:
            return _Pose()


def _draw_actor(place: Image, scene: Scene, pose: _Pose) -> Image:
    """Draw the objects of the actor on the place, lit from above, each with a soft shadow."""
    height, width, _ = place.shape
    radius = scene.radius * height * pose.scale
    x = scene.centre[0] * width + pose.right * height
    y = scene.centre[1] * height + pose.down * height
    beside = PAIR_DISTANCE * radius
    xs = (x - beside, x + beside) if scene.actor.count > 1 else (x,)
    shape = outline(scene.actor.shape, angle=pose.angle)
    right, down = (offset * height for offset in SHADOW_OFFSET)
    body = _mask(shape, [(x, y) for x in xs], radius, (height, width))
    shadow = _mask(shape, [(x + right, y + down) for x in xs], radius, (height, width), blur=SHADOW_BLUR)
    light = 1.12 - 0.24 * ((np.arange(height, dtype=np.float32) - y) / radius * 0.5 + 0.5).clip(0, 1)
    paint = np.array(PAINTS[scene.actor.colour], dtype=np.float32) * light[:, None, None]  # (H, 1, 3)
    frame = place * (1 - SHADOW * shadow)[:, :, None]
    frame += (paint.clip(0, 255) - frame) * body[:, :, None]
    return frame.astype(np.uint8)


def _mask(
    shape: list[NDArray[np.float64]],
    centres: list[tuple[float, float]],
    radius: float,
    size: tuple[int, int],
    *,
    blur: float = 0.0,
) -> NDArray[np.float32]:
    """Coverage (H, W), 0 to 1, of a shape drawn at each centre, blurred over a fraction of the height."""
    height, width = size
    mask = np.zeros((height * OVERSAMPLING, width * OVERSAMPLING), dtype=np.uint8)
    for centre in centres:
        contours = [np.rint((contour * radius + centre) * OVERSAMPLING).astype(np.int32) for contour in shape]
        cv2.fillPoly(mask, contours, 255)
    small = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    if blur:
        kernel = max(1, round(blur * height))
        small = cv2.blur(small, (kernel, kernel))
    return small.astype(np.float32) / np.float32(255)
