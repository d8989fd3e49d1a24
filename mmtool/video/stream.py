"""A video decoded by OpenCV, frame by frame."""

import logging
import os
import threading
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scenedetect import VideoStreamCv2

from mmtool.errors import InputError
from mmtool.video.timeline import TOLERANCE

FFMPEG_LOG_LEVEL = "OPENCV_FFMPEG_LOGLEVEL"
FFMPEG_QUIET = "-8"  # AV_LOG_QUIET


class FrameStream(VideoStreamCv2):  # type: ignore[misc]  # scenedetect is untyped
    """PySceneDetect's stream with a count of frames: the index of a frame is its position in decoding order.

    ``times`` contains the timestamp (seconds) of each frame read so far. PySceneDetect derives its frame
    numbers from these, which is exact only if the frame rate is constant.
    """

    def __init__(self, path: Path) -> None:
        # An absolute path cannot be taken for an address such as "title: subtitle.mp4".
        super().__init__(str(path.absolute()))
        self.times: array[float] = array("d")
        self._grabbed = False  # whether the frame that `skip_to` has reached is still to be read

    @property
    def frame_count(self) -> int | None:
        """The number of frames that the container claims; some claim nothing, or a wrong number."""
        count = self.capture.get(cv2.CAP_PROP_FRAME_COUNT)
        return int(count) if count >= 1 else None

    def read(self, decode: bool = True) -> NDArray[np.uint8] | bool:
        """Go to the next frame and return it as BGR (H, W, 3); True if not ``decode``, False at the end."""
        if self._grabbed:
            self._grabbed = False
            frame: NDArray[np.uint8] | bool | None = self.capture.retrieve()[1] if decode else True
        else:
            frame = super().read(decode)
        if frame is None:
            raise InputError(self.path, f"frame {len(self.times)} cannot be decoded", "re-encode it")
        if frame is not False:
            self.times.append(self.position.seconds)
        return frame

    def peek(self) -> bool:
        """Whether there is a frame at the start that OpenCV can decode; it stays the next to be read."""
        self._grabbed = self.capture.grab()
        return bool(self._grabbed and self.capture.retrieve()[0])

    def skip_to(self, time: float, *, seek: bool) -> None:
        """Make the first frame shown at ``time`` (seconds) or later the next that is read.

        ``seek`` allows jumping near it. Timestamps show where a jump has landed; if that is too late, and
        without ``seek``, all frames before are decoded.
        """
        for aim in (time - 1.0, time - 10.0):
            if seek and aim > 0:
                self.capture.set(cv2.CAP_PROP_POS_MSEC, 1000 * aim)
                self._grabbed = self.capture.grab()
                if self._grabbed and self.position.seconds <= time:
                    break
        else:
            self.reset()
            self._grabbed = self.capture.grab()
        while self._grabbed and self.position.seconds < time - TOLERANCE:
            self._grabbed = self.capture.grab()


class _Quiet:
    """How many threads asked for quiet, and what to restore when the last of them is done."""

    lock = threading.Lock()
    users = 0
    before: tuple[int, int, str | None] = (0, 0, None)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep OpenCV, FFmpeg and PySceneDetect from writing to stderr; what matters becomes an InputError.

    FFmpeg reads its log level once, when the process first opens or writes a video.
    """
    logger = logging.getLogger("pyscenedetect")
    with _Quiet.lock:
        _Quiet.users += 1
        if _Quiet.users == 1:
            _Quiet.before = logger.level, cv2.utils.logging.getLogLevel(), os.environ.get(FFMPEG_LOG_LEVEL)
            logger.setLevel(logging.CRITICAL + 1)
            cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
            os.environ.setdefault(FFMPEG_LOG_LEVEL, FFMPEG_QUIET)
    try:
        yield
    finally:
        with _Quiet.lock:
            _Quiet.users -= 1
            if _Quiet.users == 0:
                scenedetect_level, opencv_level, ffmpeg_level = _Quiet.before
                logger.setLevel(scenedetect_level)
                cv2.utils.logging.setLogLevel(opencv_level)
                if ffmpeg_level is None:
                    os.environ.pop(FFMPEG_LOG_LEVEL, None)
