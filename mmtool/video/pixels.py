"""A decoded frame → pixels."""

import av
import av.video.reformatter
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


class PixelReader:
    """Converts frames exactly, to the last bit, as OpenCV does, with which cuts are found.

    FFmpeg's conversion keeps tables between frames of one format, so use one reader per video.

    Args:
        shorter_side: Pixels to which FFmpeg scales the shorter side of larger frames; None to keep all.
    """

    def __init__(self, shorter_side: int | None = None) -> None:
        self._reformatter = av.video.reformatter.VideoReformatter()
        self._shorter_side = shorter_side

    def read(self, frame: av.VideoFrame) -> Pixels:
        """Return (H, W, 3), RGB, rotated as the video says that it is meant to be shown."""
        bicubic = av.video.reformatter.Interpolation.BICUBIC
        width, height = self._size(frame)
        bgr = self._reformatter.reformat(
            frame, width, height, format="bgr24", interpolation=bicubic
        ).to_ndarray()
        upright = np.rot90(bgr, frame.rotation // 90) if frame.rotation % 90 == 0 else bgr
        return np.ascontiguousarray(upright[..., ::-1])

    def _size(self, frame: av.VideoFrame) -> tuple[int | None, int | None]:
        """Width and height to scale to; None for those of the frame."""
        shorter = min(frame.width, frame.height)
        if self._shorter_side is None or shorter <= self._shorter_side:
            return None, None
        return (
            max(1, round(frame.width * self._shorter_side / shorter)),
            max(1, round(frame.height * self._shorter_side / shorter)),
        )
