"""Thumbnails of clips, and contact sheets of them."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mmtool.records import Clip
from mmtool.video.frames import read_clip_frames

Picture = NDArray[np.uint8]

THUMBNAIL_WIDTH = 480  # pixels; less for narrower films
TILE_WIDTH = 240  # pixels, on the sheet
MARGIN, CAPTION = 10, 26  # pixels
COLUMNS = 6  # at least, unless there are fewer clips; more so that a sheet is at most 4 times as high as wide
QUALITY = 88  # of JPEG, 0–100
PAPER, INK, FAINT = (250, 250, 250), (40, 40, 40), (130, 130, 130)


def read_thumbnails(path: Path, clips: Sequence[Clip]) -> Iterator[Picture]:
    """Yield the central frame (H, W, 3), BGR, of each clip, at most ``THUMBNAIL_WIDTH`` wide."""
    for found in read_clip_frames(path, clips):
        yield _fit(np.ascontiguousarray(found.frame.pixels[..., ::-1]), THUMBNAIL_WIDTH)


def encode(picture: Picture) -> bytes:
    """Encode a picture (H, W, 3), BGR, as JPEG."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return bytes(data)


def tile(picture: Picture) -> Picture:
    """Resize a picture to its size on a contact sheet."""
    return _fit(picture, TILE_WIDTH, enlarge=True)


def contact_sheet(tiles: Sequence[Picture], clips: Sequence[Clip]) -> Picture:
    """Draw the tiles of N clips in rows, with the number, start and length of each below it."""
    height, width = max(picture.shape[0] for picture in tiles), TILE_WIDTH
    cell_height, cell_width = height + CAPTION + MARGIN, width + MARGIN
    columns = max(COLUMNS, math.ceil(math.sqrt(len(tiles) * cell_height / cell_width / 4)))
    columns = min(columns, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    sheet = np.full((rows * cell_height + MARGIN, columns * cell_width + MARGIN, 3), PAPER, np.uint8)
    for number, (picture, clip) in enumerate(zip(tiles, clips, strict=True)):
        top = MARGIN + number // columns * cell_height
        left = MARGIN + number % columns * cell_width
        sheet[top : top + picture.shape[0], left : left + width] = picture
        base = top + height + 18
        _write(sheet, str(number + 1), (left, base), INK, thick=True)
        start = _write(sheet, _clock(clip.start), (left + 52, base), INK)
        _write(sheet, f"{clip.duration:.1f} s", (start + 12, base), FAINT)
    return sheet


def _fit(picture: Picture, width: int, *, enlarge: bool = False) -> Picture:
    if picture.shape[1] <= width and not enlarge:
        return picture
    size = (width, max(1, round(picture.shape[0] * width / picture.shape[1])))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _write(
    sheet: Picture, text: str, place: tuple[int, int], colour: tuple[int, int, int], *, thick: bool = False
) -> int:
    """Write one line and return where it ends."""
    font, scale, weight = cv2.FONT_HERSHEY_SIMPLEX, 0.45, 2 if thick else 1
    cv2.putText(sheet, text, place, font, scale, colour, weight, cv2.LINE_AA)
    return int(place[0] + cv2.getTextSize(text, font, scale, weight)[0][0])


def _clock(seconds: float) -> str:
    tenths = round(seconds * 10)
    return f"{tenths // 36000}:{tenths // 600 % 60:02}:{tenths // 10 % 60:02}.{tenths % 10}"
