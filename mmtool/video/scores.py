"""One number a frame: what a detector sees, and all that its cuts are decided from."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from mmtool.video.pyscenedetect import FrameTimecode, Timecode

MICROSECOND = Fraction(1, 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameScores:
    """The scores of F frames in a row.

    ``times`` (F) are presentation times in seconds from the video's first frame, ``offset`` is when
    that frame is shown: seconds from the start of the film (see `mmtool.video.film_header`).
    ``first`` is the index of the first of these frames, ``frame_rate`` the average one, ``claimed_end``
    when the film ends by its header, in seconds from its start.
    """

    times: NDArray[np.float64]
    scores: NDArray[np.float64]
    frame_rate: Fraction
    first: int = 0
    offset: float = 0.0
    claimed_end: float | None = None

    def timecodes(self) -> Iterator[FrameTimecode]:
        """Yield the frames' times as PySceneDetect's arithmetic needs them."""
        for time in self.times:
            yield FrameTimecode(Timecode(round(time / MICROSECOND), MICROSECOND), fps=self.frame_rate)

    def position(self, timecode: FrameTimecode) -> int:
        """Return the position, in 0..F-1, of the first of the frames nearest in time."""
        return int(np.abs(self.times - timecode.seconds).argmin())
