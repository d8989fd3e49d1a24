"""What a cut detector is: a frozen dataclass whose fields are its options, with a few small methods."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import cv2
import numpy as np
from numpy.typing import NDArray
from scenedetect.scene_manager import compute_downscale_factor

from mmtool.video.scores import FrameScores

Frame = NDArray[np.uint8]


def option(default: Any, help: str, *, scores: bool = False) -> Any:
    """An option of a detector; ``scores`` says that it changes the scores, not only the cuts."""
    return field(default=default, metadata={"help": help, "scores": scores})


@dataclass(frozen=True, kw_only=True)
class Detector(ABC):
    """Scores frames, then decides from the scores where the cuts are.

    The two steps are separate so that stored scores can be used again with another threshold. A new detector
    is a subclass that is a frozen, keyword-only dataclass, each field made by :func:`option`, and a line
    in the registry or an entry point (see :mod:`mmtool.video.detectors.registry`). Its ``__post_init__``
    raises ValueError for options that are out of range.
    """

    score_name: ClassVar[str]  # what the threshold is compared with, in words
    interpolation: ClassVar[int] = cv2.INTER_LINEAR  # how OpenCV reduces frames to `frame_size`

    threshold: float

    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        """Return the (width, height) that frames are reduced to: as in PySceneDetect, at least 256 pixels."""
        factor = compute_downscale_factor(max(width, height))
        return (width, height) if factor <= 1 else (round(width / factor) or 1, round(height / factor) or 1)

    @abstractmethod
    def scores(self, frames: Iterator[Frame]) -> Iterator[float]:
        """Yield a score for each frame (H, W, 3), BGR, in order; scores may lag behind the frames."""

    @abstractmethod
    def cuts(self, scores: FrameScores, min_clip_frames: int) -> list[int]:
        """Return, in ascending order, the positions among the F frames at which a new clip starts."""

    def with_threshold(self, threshold: float) -> Self:
        """Return the same detector with another threshold."""
        return replace(self, threshold=threshold)

    def advice_for_more_cuts(self) -> str:
        """Say what finds more cuts."""
        return "lower `threshold`"

    def curve(self, scores: FrameScores) -> NDArray[np.float64]:
        """Return (F) the values that are compared with the threshold, if these are not the scores."""
        return scores.scores
