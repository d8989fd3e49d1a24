"""PySceneDetect's ``detect-content`` and ``detect-adaptive``: how much the colours of two frames differ."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import add

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray
from scenedetect import ContentDetector, FrameTimecode, StatsManager
from scenedetect.detector import FlashFilter

from mmtool.video.detectors.contract import Detector, Frame, option
from mmtool.video.scores import FrameScores

MAX_RATIO = 255.0  # PySceneDetect's limit of the adaptive ratio
ALMOST_ZERO = 1e-5  # a smaller mean change around a frame counts as 0


@dataclass(frozen=True, kw_only=True)
class _ColourDifference(Detector):
    """The weighted mean change of hue, saturation, luma and edges, each 0–255."""

    weights: tuple[float, float, float, float] = option(
        (1.0, 1.0, 1.0, 0.0), "weights of hue, saturation, luma and edges", scores=True
    )
    luma_only: bool = option(False, "the same as weights=0,0,1,0", scores=True)
    kernel_size: int = option(
        0, "size of the kernel that widens edges, odd; 0: chosen by the frame size", scores=True
    )

    def __post_init__(self) -> None:
        if self.kernel_size and (self.kernel_size < 3 or self.kernel_size % 2 == 0):
            raise ValueError("kernel_size must be odd and at least 3, or 0")
        if not any(self.weights):
            raise ValueError("weights must not all be 0")

    def scores(self, frames: Iterator[Frame]) -> Iterator[float]:
        """Yield PySceneDetect's ``content_val``, bit for bit, of each frame; 0 for the first."""
        weights = (0.0, 0.0, 1.0, 0.0) if self.luma_only else self.weights
        if weights[3] > 0:
            yield from _scores_with_edges(frames, weights, self.kernel_size)
            return
        norm = sum(map(abs, weights))
        before: list[MatLike] = []
        for frame in frames:
            planes: list[MatLike] = list(cv2.split(cv2.cvtColor(frame, cv2.COLOR_BGR2HSV)))
            # The sum of absolute differences is a whole number, so the order of summation does not matter.
            changes = (
                cv2.norm(a, b, cv2.NORM_L1) / float(a.size) for a, b in zip(planes, before, strict=False)
            )
            yield _sum(c * w for c, w in zip(changes, weights, strict=False)) / norm
            before = planes


def _sum(values: Iterable[float]) -> float:
    """Add from left to right, as PySceneDetect does; from Python 3.12 on, `sum` rounds floats less."""
    return reduce(add, values, 0.0)


def _scores_with_edges(
    frames: Iterator[Frame], weights: tuple[float, float, float, float], kernel_size: int
) -> Iterator[float]:
    """Yield ``content_val`` as PySceneDetect itself computes it, which is slower but knows edges."""
    detector = ContentDetector(
        weights=ContentDetector.Components(*weights), kernel_size=kernel_size or None, min_scene_len=0
    )
    for number, frame in enumerate(frames):
        timecode = FrameTimecode(number, fps=1.0)  # scores do not depend on times
        detector.stats_manager = stats = StatsManager()  # a new one for each frame: it would keep them all
        detector.process_frame(timecode, frame)
        (score,) = stats.get_metrics(timecode, [ContentDetector.FRAME_SCORE_KEY])
        yield 0.0 if score is None else float(score)


@dataclass(frozen=True, kw_only=True)
class Content(_ColourDifference):
    """A cut is where the colours of two frames differ by the threshold or more."""

    score_name = "mean change of hue, saturation and luma (0–255)"

    threshold: float = option(20.0, "mean change, 0 to 255")
    filter_mode: str = option("merge", "what to do with cuts too close together: merge or suppress")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.filter_mode not in ("merge", "suppress"):
            raise ValueError("filter_mode must be merge or suppress")

    def cuts(self, scores: FrameScores, min_clip_frames: int) -> list[int]:
        flashes = FlashFilter(FlashFilter.Mode[self.filter_mode.upper()], min_clip_frames)
        return [
            scores.position(cut)
            for timecode, score in zip(scores.timecodes(), scores.scores, strict=True)
            for cut in flashes.filter(timecode, bool(score >= self.threshold))
        ]


@dataclass(frozen=True, kw_only=True)
class Adaptive(_ColourDifference):
    """A cut is where the change is several times that of the surrounding frames: robust to fast motion."""

    score_name = "change relative to the mean change of the surrounding frames"

    threshold: float = option(3.0, "ratio of the change to the mean change of the surrounding frames")
    min_content_val: float = option(15.0, "smallest change that can be a cut, 0 to 255")
    window_width: int = option(2, "surrounding frames on each side")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.window_width < 1:
            raise ValueError("window_width must be at least 1")

    def cuts(self, scores: FrameScores, min_clip_frames: int) -> list[int]:
        cuts, last = [], None
        for timecode, ratio in zip(scores.timecodes(), self.curve(scores).tolist(), strict=True):
            if last is None:
                last = timecode
            if ratio >= self.threshold and timecode - last >= min_clip_frames:
                cuts.append(scores.position(timecode))
                last = timecode
        return cuts

    def curve(self, scores: FrameScores) -> NDArray[np.float64]:
        """Return (F) the ratios; 0 for frames too near the ends, and where the change is too small."""
        width, values = self.window_width, scores.scores.tolist()
        ratios = np.zeros(len(values))
        for k in range(width, len(values) - width):
            if values[k] >= self.min_content_val:
                # In PySceneDetect's order of summation, so that ratios are the same to the last bit.
                around = _sum(values[k - width : k] + values[k + 1 : k + width + 1]) / (2.0 * width)
                ratios[k] = min(values[k] / around, MAX_RATIO) if abs(around) >= ALMOST_ZERO else MAX_RATIO
        return ratios
