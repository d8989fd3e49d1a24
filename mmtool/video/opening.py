"""Which decoder reads a film: OpenCV, with which cuts are found, or PyAV where OpenCV does not suffice."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
from scenedetect import VideoOpenFailure
from scenedetect.video_stream import FrameRateUnavailable

from mmtool.video.containers import film_errors, open_video
from mmtool.video.interlaced import is_interlaced
from mmtool.video.pyav_stream import PyavStream, open_with_pyav
from mmtool.video.stream import FrameStream, quiet

FilmStream = FrameStream | PyavStream


@contextmanager
def open_film(path: Path, *, for_pixels: bool = True) -> Iterator[FilmStream]:
    """Open a video for decoding from its first frame, of which there is at least one.

    PyAV reads interlaced films (unless their pixels do not matter), films with several tracks of pictures,
    and those in which OpenCV finds nothing. PyAV also opens every film first: it leads OpenCV to no file
    that names other files, and it knows the cause where nothing can be decoded.

    Raises InputError if there is no such file, or nothing in it that can be decoded.
    """
    with film_errors(path):
        with open_video(path) as (container, _):
            several = len(container.streams.video) > 1
        opened = None if several or (for_pixels and is_interlaced(path)) else _open_with_opencv(path)
    if opened is None:
        with open_with_pyav(path) as reader:
            yield reader
        return
    try:
        yield opened
    finally:
        opened.capture.release()


def _open_with_opencv(path: Path) -> FrameStream | None:
    """The stream at its first frame; None if OpenCV does not open it, or finds no frame in it."""
    try:
        with quiet():
            stream = FrameStream(path)
            if min(stream.frame_size) >= 1 and stream.peek():
                return stream
    except (VideoOpenFailure, FrameRateUnavailable, cv2.error):
        return None
    stream.capture.release()
    return None
