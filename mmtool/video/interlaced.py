"""Interlaced films, decoded by PyAV, because OpenCV's packages since 4.13 decode them to useless pictures."""

from array import array
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import av
import av.container
import numpy as np
from numpy.typing import NDArray

from mmtool.errors import InputError
from mmtool.video.pixels import PixelReader
from mmtool.video.stream import TOLERANCE
from mmtool.video.timeline import FrameTimesUnknownError, decode_all, open_video

SAMPLE_EVERY = 60  # seconds; broadcasts change between interlaced and progressive pictures


def is_interlaced(path: Path) -> bool:
    """Tell from the first picture and one in every minute, because headers do not always say so.

    Pictures that cannot be decoded are ignored. Raises InputError if there is no video.
    """
    with suppress(FrameTimesUnknownError), open_video(path) as (container, stream):
        stream.thread_type = "NONE"  # threads would decode pictures that are not needed
        seconds = (container.duration or 0) // av.time_base
        for time in range(0, seconds + 1, SAMPLE_EVERY):
            if time:
                container.seek(time * av.time_base + (container.start_time or 0))
            if (frame := next(decode_all(container, stream), None)) and frame.interlaced_frame:
                return True
    return False


class InterlacedStream:
    """Reads the same frames at the same times as :class:`mmtool.video.stream.FrameStream` would."""

    def __init__(self, container: av.container.InputContainer, stream: av.VideoStream) -> None:
        self.times: array[float] = array("d")
        self._stream = stream
        self._frames = decode_all(container, stream)
        self._pixels = PixelReader()
        self._count = 0
        self._waiting: av.VideoFrame | None = None  # the frame that `skip_to` has reached

    @property
    def frame_rate(self) -> Fraction:
        return Fraction(self._stream.average_rate or self._stream.guessed_rate or 0)

    @property
    def frame_count(self) -> int | None:
        """The number of frames that the container claims, by its duration if it has no count."""
        if self._stream.frames or self._stream.duration is None or self._stream.time_base is None:
            return self._stream.frames or None
        return round(self._stream.duration * self._stream.time_base * self.frame_rate)

    def read(self) -> NDArray[np.uint8] | bool:
        """Go to the next frame and return it as BGR (H, W, 3); False at the end."""
        frame, self._waiting = self._waiting or self._next(), None
        if frame is None:
            return False
        self.times.append(self._seconds(frame))
        return self._pixels.read(frame)[..., ::-1]

    def skip_to(self, time: float, *, seek: bool) -> None:  # noqa: ARG002
        """Make the first frame shown at ``time`` (seconds) or later the next; all before it are decoded."""
        while (frame := self._next()) is not None and self._seconds(frame) < time - TOLERANCE:
            pass
        self._waiting = frame

    def _next(self) -> av.VideoFrame | None:
        self._count += 1
        return next(self._frames, None)

    def _seconds(self, frame: av.VideoFrame) -> float:
        """Seconds from the first picture of the film, rounded to microseconds as in OpenCV."""
        if frame.pts is None or frame.time_base is None:
            return float((self._count - 1) / self.frame_rate)
        return round(float((frame.pts - (self._stream.start_time or 0)) * frame.time_base), 6)


@contextmanager
def open_interlaced(path: Path) -> Iterator[InterlacedStream]:
    """Open an interlaced video for decoding from its first frame; raises InputError if that is impossible."""
    try:
        with open_video(path) as (container, stream):
            reader = InterlacedStream(container, stream)
            if not reader.frame_rate:
                raise InputError(path, "its frame rate is unknown", "re-encode it")
            yield reader
    except FrameTimesUnknownError as error:
        raise InputError(path, "its packets are damaged", "re-encode it, or copy it again") from error
