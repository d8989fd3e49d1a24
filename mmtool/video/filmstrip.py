"""Small pictures of the clips of a film, side by side in one JPEG."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mmtool.errors import InputError
from mmtool.records import Clip
from mmtool.video.frames import read_clip_frames
from mmtool.video.probe import probe

COLUMNS = 25
QUALITY = 70  # of JPEG, 0–100


@dataclass(frozen=True, slots=True)
class Filmstrip:
    """Pictures of ``width`` × ``height`` pixels in rows of ``columns``, in the order of the clips."""

    jpeg: bytes
    width: int
    height: int
    columns: int


def draw_filmstrip(
    path: Path, clips: Sequence[Clip], *, width: int, on_clip: Callable[[int], None] | None = None
) -> Filmstrip:
    """Draw the central frame of each of N > 0 clips; raises InputError if the film lacks one of them."""
    info = probe(path)
    height = max(1, round(width * info.height / info.width))
    rows = -(-len(clips) // COLUMNS)
    sheet = np.zeros((rows * height, min(len(clips), COLUMNS) * width, 3), np.uint8)
    for done, found in enumerate(read_clip_frames(path, clips), start=1):
        row, column = divmod(found.clip, COLUMNS)
        small = cv2.resize(found.frame.pixels, (width, height), interpolation=cv2.INTER_AREA)
        sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = small
        if on_clip is not None:
            on_clip(done)
    encoded, jpeg = cv2.imencode(".jpg", sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not encoded:
        raise InputError(path, f"{len(clips)} clips are too many for one picture", "choose a smaller width")
    return Filmstrip(jpeg.tobytes(), width, height, COLUMNS)
