"""Whether a clip that was cut out of a film has the pictures and the sound that it should have."""

from dataclasses import dataclass
from pathlib import Path

import cv2

from mmtool.errors import InputError
from mmtool.video.containers import FrameTimesUnknownError, open_video
from mmtool.video.frames import decode_timeline, read_frames
from mmtool.video.pixels import Pixels
from mmtool.video.timeline import Timeline, read_timeline

MOST_DIFFERENT = 12.0  # of 255, the mean over a picture; encoding makes less than 3
NOISE = 0.3  # of 255; pictures that differ by less are the same to an encoder


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedClip:
    """What a clip should have.

    ``first`` is when its first picture is shown, in seconds from its own start, within ``tolerance``; None
    leaves it open. ``pictures`` are the first picture and its neighbours in the film, or nothing. The clip
    has ``fewest`` to ``most`` pictures.
    """

    sound: bool
    fewest: int
    most: int | None
    first: float | None
    tolerance: float
    pictures: tuple[Pixels, ...]


def find_fault(path: Path, wanted: WantedClip) -> str:
    """What is wrong with a clip; empty if it is right."""
    try:
        with open_video(path) as (container, stream):
            sound, base = bool(container.streams.audio), stream.time_base
        timeline = _timeline(path)
        if wanted.sound and not sound:
            return "the clip has no sound"
        count = len(timeline.pts)
        if count < wanted.fewest or (wanted.most is not None and count > wanted.most):
            return f"the clip has {count} pictures where the film has {wanted.fewest}"
        late = float(timeline.pts[0] * (base or 0)) - (wanted.first or 0.0)
        if wanted.first is not None and abs(late) > wanted.tolerance:
            return f"the clip starts with a picture of {abs(late):.2f} s {'later' if late > 0 else 'before'}"
        found = next(read_frames(path, [0], timeline)).pixels
    except InputError as error:
        return f"the clip {error.problem}"
    return _fault_of_picture(found, *wanted.pictures) if wanted.pictures else ""


def _fault_of_picture(found: Pixels, wanted: Pixels, *neighbours: Pixels) -> str:
    off = difference(found, wanted)
    if off > MOST_DIFFERENT or any(difference(found, other) < off - NOISE for other in neighbours):
        return "the clip starts with another picture"
    return ""


def difference(one: Pixels, other: Pixels) -> float:
    """The mean difference of two pictures (H, W, 3); of 255."""
    height, width = min(len(one), len(other)), min(one.shape[1], other.shape[1])  # odd sizes are cropped
    total = cv2.norm(one[:height, :width], other[:height, :width], cv2.NORM_L1)
    return float(total / (3 * height * width))


def _timeline(path: Path) -> Timeline:
    try:
        return read_timeline(path)
    except FrameTimesUnknownError:
        return decode_timeline(path)
