"""Films decoded by PyAV: those that OpenCV does not decode, or decodes to useless pictures."""

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import av.container
import numpy as np
from numpy.typing import NDArray

from mmtool.errors import InputError
from mmtool.video.causes import no_frames
from mmtool.video.containers import FrameTimesUnknownError, open_video
from mmtool.video.pixels import PixelReader
from mmtool.video.timeline import TOLERANCE, decode_all


class PyavStream:
    """Reads the same frames at the same times as :class:`mmtool.video.stream.FrameStream` would."""

    def __init__(self, container: av.container.InputContainer, stream: av.VideoStream) -> None:
        self.times: array[float] = array("d")
        self._container, self._stream = container, stream
        self._frames = decode_all(container, stream)
        self._pixels = PixelReader()
        self._count = 0
        self._waiting: av.VideoFrame | None = None  # the frame that `skip_to` has reached

    @property
    def frame_rate(self) -> Fraction:
        stream = self._stream
        return Fraction(stream.average_rate or stream.guessed_rate or stream.base_rate or 0)

    @property
    def frame_count(self) -> int | None:
        """The number of frames that the container claims, by its duration if it has no count."""
        if self._stream.frames:
            return self._stream.frames
        seconds = (self._container.duration or 0) / Fraction(av.time_base)
        if self._stream.duration is not None and self._stream.time_base is not None:
            seconds = self._stream.duration * self._stream.time_base
        return round(seconds * self.frame_rate) or None

    def read(self) -> NDArray[np.uint8] | bool:
        """Go to the next frame and return it as BGR (H, W, 3); False at the end."""
        frame, self._waiting = self._waiting or self._next(), None
        if frame is None:
            return False
        self.times.append(self._seconds(frame))
        return self._pixels.read(frame)[..., ::-1]

    def peek(self) -> bool:
        """Whether there is a next frame, which stays the next to be read."""
        self._waiting = self._waiting or self._next()
        return self._waiting is not None

    def skip_to(self, time: float, *, seek: bool) -> None:  # noqa: ARG002
        """Make the first frame shown at ``time`` (seconds) or later the next; all before it are decoded."""
        while self.peek() and self._waiting is not None and self._seconds(self._waiting) < time - TOLERANCE:
            self._waiting = None

    def _next(self) -> av.VideoFrame | None:
        self._count += 1
        return next(self._frames, None)

    def _seconds(self, frame: av.VideoFrame) -> float:
        """Seconds from the first picture of the film, rounded to microseconds as in OpenCV."""
        if frame.pts is None or frame.time_base is None:
            return float((self._count - 1) / self.frame_rate)
        return round(float((frame.pts - (self._stream.start_time or 0)) * frame.time_base), 6)


@contextmanager
def open_with_pyav(path: Path) -> Iterator[PyavStream]:
    """Open a video for decoding from its first frame.

    Raises InputError if no frame can be decoded; the packets or the frame rate may be to blame.
    """
    try:
        with open_video(path) as (container, stream):
            reader = PyavStream(container, stream)
            if not reader.frame_rate:
                raise InputError(path, "its frame rate is unknown", "re-encode it")
            if not reader.peek():
                raise no_frames(path)
            yield reader
    except FrameTimesUnknownError as error:
        raise InputError(path, "its packets are damaged", "re-encode it, or copy it again") from error
