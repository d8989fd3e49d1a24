"""One score for each frame: all that a detector needs to decide where the cuts are."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scenedetect import FrameTimecode
from scenedetect.common import Timecode

MICROSECOND = Fraction(1, 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameScores:
    """The scores of F consecutive frames.

    ``times`` (F) are presentation times in seconds from the first frame of the video; ``offset`` is when
    that frame is shown, in seconds from the start of the film (see :mod:`mmtool.video.film_header`).
    ``first`` is the index of the first scored frame, ``frame_rate`` the average frame rate, and
    ``claimed_end`` the end of the film according to its header, in seconds from its start.
    """

    times: NDArray[np.float64]
    scores: NDArray[np.float64]
    frame_rate: Fraction
    first: int = 0
    offset: float = 0.0
    claimed_end: float | None = None

    def timecodes(self) -> Iterator[FrameTimecode]:
        """Yield the times of the frames in PySceneDetect's own type."""
        for time in self.times:
            yield FrameTimecode(Timecode(round(time / MICROSECOND), MICROSECOND), fps=self.frame_rate)

    def position(self, timecode: FrameTimecode) -> int:
        """Return the position, 0 to F - 1, of the frame nearest in time; the first if there are several."""
        return int(np.abs(self.times - timecode.seconds).argmin())
