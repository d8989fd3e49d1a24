"""Dense optical flow between two frames by OpenCV's DIS (Kroeger et al., 2016)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
from numpy.typing import NDArray

from mmtool.encoders.contract import Frame

Grey = NDArray[np.uint8]
Flow = NDArray[np.float32]

SHORTEST_SIDE = 32  # pixels
CELL = 16  # pixels of a side of the squares whose flow is averaged


def grey_frame(frame: Frame, shorter_side: int) -> Grey:
    """A frame (H, W, 3), RGB, in grey (h, w), scaled until its shorter side has this many pixels at most."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    scale = shorter_side / min(height, width)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.uint8)


class FlowEstimator:
    """DIS with the preset medium; one for each thread, because it keeps buffers between calls."""

    def __init__(self) -> None:
        self._own = threading.local()

    def flow(self, before: Grey, after: Grey) -> Flow:
        """How far each pixel of ``before`` moves until ``after``: (h, w, 2), x and y in pixels.

        Frames with a side shorter than the patches that DIS compares do not move.
        """
        if min(before.shape) < SHORTEST_SIDE:
            return np.zeros((*before.shape, 2), np.float32)
        if not hasattr(self._own, "dis"):
            self._own.dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        return np.asarray(self._own.dis.calc(before, after, None), np.float32)


def cells(flow: Flow) -> Flow:
    """The mean flow (gy, gx, 2) of squares of :data:`CELL` pixels; what is left at two edges is not part."""
    rows, columns = max(1, flow.shape[0] // CELL), max(1, flow.shape[1] // CELL)
    whole = flow[: rows * CELL, : columns * CELL]
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)


def change_of(before: Grey, after: Grey) -> float:
    """The mean absolute difference of two frames, from 0 to 1."""
    return float(cv2.norm(before, after, cv2.NORM_L1)) / (255 * before.size)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Keep OpenCV from dividing frames among threads: the flow would depend on their number."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
