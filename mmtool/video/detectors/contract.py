"""What a detector of cuts is: a frozen dataclass whose fields are its settings, and a few small methods."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from mmtool.choices import ShotDetector
from mmtool.video.pyscenedetect import compute_downscale_factor
from mmtool.video.scores import FrameScores

Frame = NDArray[np.uint8]


def option(default: Any, help: str, *, scores: bool = False) -> Any:
    """A setting of a detector; ``scores`` says that other values give other scores, not only other cuts."""
    return field(default=default, metadata={"help": help, "scores": scores})


@dataclass(frozen=True, kw_only=True)
class Detector(ABC):
    """Scores frames, then decides from the scores where the cuts are.

    The two steps are apart so that kept scores can be decided anew with another threshold. A further
    detector is one file with such a class, a name in `ShotDetector` and a line in the registry.
    """

    name: ClassVar[ShotDetector]
    score_name: ClassVar[str]  # what the threshold is compared with, in words
    interpolation: ClassVar[int] = cv2.INTER_LINEAR

    threshold: float

    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        """Return the (width, height) that frames are reduced to: PySceneDetect's, of at least 256 pixels."""
        factor = compute_downscale_factor(max(width, height))
        return (width, height) if factor <= 1 else (round(width / factor) or 1, round(height / factor) or 1)

    @abstractmethod
    def scores(self, frames: Iterator[Frame]) -> Iterator[float]:
        """Yield a score for each frame (H, W, 3), BGR, in order; it may lag behind the frames."""

    @abstractmethod
    def cuts(self, scores: FrameScores, min_clip_frames: int) -> list[int]:
        """Return the positions among the F frames at which a new clip starts, ascending."""

    def with_threshold(self, threshold: float) -> Self:
        """Return the same detector with another threshold."""
        return replace(self, threshold=threshold)

    def for_more_cuts(self) -> str:
        """Say what to do where cuts are missing."""
        return "lower --threshold"

    def curve(self, scores: FrameScores) -> NDArray[np.float64]:
        """Return (F) what the threshold is compared with, where that is not the score itself."""
        return scores.scores
