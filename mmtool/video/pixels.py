"""A decoded frame → pixels."""

import av
import av.video.reformatter
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


class PixelReader:
    """Converts frames exactly, to the last bit, as OpenCV does, with which cuts are found.

    FFmpeg's conversion keeps tables between frames of one format, so use one reader per video.
    """

    def __init__(self) -> None:
        self._reformatter = av.video.reformatter.VideoReformatter()

    def read(self, frame: av.VideoFrame) -> Pixels:
        """Return (H, W, 3), RGB, rotated as the video says that it is meant to be shown."""
        bicubic = av.video.reformatter.Interpolation.BICUBIC
        bgr = self._reformatter.reformat(frame, format="bgr24", interpolation=bicubic).to_ndarray()
        upright = np.rot90(bgr, frame.rotation // 90) if frame.rotation % 90 == 0 else bgr
        return np.ascontiguousarray(upright[..., ::-1])
