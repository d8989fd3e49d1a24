"""Films that tests make, of any codec and container: coloured, moving, each frame with its number in it."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from support.films import number_in as number_in


def picture(number: int, width: int = 96, height: int = 64) -> NDArray[np.uint8]:
    """Colours that change every 40 frames, a square that moves, and the number's bits along the top."""
    colours = np.random.default_rng(number // 40).integers(
        0, 255, (height // 8 + 1, width // 8 + 1, 3), np.uint8
    )
    frame = np.ascontiguousarray(colours.repeat(8, 0).repeat(8, 1)[:height, :width])
    left = 3 * number % (width - 16)
    frame[height // 4 : height // 2, left : left + 16] = (number % 256, 255 - number % 256, 128)
    for bit in range(8):
        frame[: height // 8, bit * width // 8 : (bit + 1) * width // 8] = 255 * (number >> bit & 1)
    return frame


def make_film(
    path: Path,
    codec: str = "libx264",
    *,
    frames: Iterable[int] = range(100),
    size: tuple[int, int] = (96, 64),
    rate: int = 25,
    keep: int = 20,
    pixels: str = "yuv420p",
    ticks: Iterable[int] | None = None,
    rotation: int | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Encode the pictures of these numbers; ``ticks``: their times in frames, ``keep``: a group's length."""
    numbers = list(frames)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options={"g": str(keep), **(options or {})})
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        if rotation is not None:
            stream.set_display_rotation(rotation)
        for number, tick in zip(numbers, ticks or range(len(numbers)), strict=True):
            frame = av.VideoFrame.from_ndarray(picture(number, *size), format="rgb24")
            frame.pts, frame.time_base = tick, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
