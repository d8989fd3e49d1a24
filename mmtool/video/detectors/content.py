"""PySceneDetect's ``detect-content`` and ``detect-adaptive``: how much the colours of two frames differ."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from mmtool.choices import ShotDetector
from mmtool.video.detectors.contract import Detector, Frame, option
from mmtool.video.pyscenedetect import AdaptiveDetector, ContentDetector, FlashFilter, FrameTimecode
from mmtool.video.scores import FrameScores

LUMA = 2  # of the planes hue, saturation, luma, edges


@dataclass(frozen=True, kw_only=True)
class _ColourDifference(Detector):
    """The weighted mean change of hue, saturation, luma and edges, each 0..255."""

    weights: tuple[float, float, float, float] = option(
        (1.0, 1.0, 1.0, 0.0), "of hue, saturation, luma and edges", scores=True
    )
    luma_only: bool = option(False, "the same as weights=0,0,1,0", scores=True)
    kernel_size: int = option(0, "odd, by which edges are widened; 0: by the frame's size", scores=True)

    def __post_init__(self) -> None:
        if self.kernel_size and (self.kernel_size < 3 or self.kernel_size % 2 == 0):
            raise ValueError("kernel_size must be odd and at least 3, or 0")
        if not any(self.weights):
            raise ValueError("weights must not all be 0")

    def scores(self, frames: Iterator[Frame]) -> Iterator[float]:
        """Yield PySceneDetect's ``content_val``, bit for bit, of each frame; 0 for the first."""
        weights = (0.0, 0.0, 1.0, 0.0) if self.luma_only else self.weights
        edges_of = ContentDetector(kernel_size=self.kernel_size or None)._detect_edges
        norm = sum(map(abs, weights))
        before: list[MatLike] = []
        for frame in frames:
            planes: list[MatLike] = list(cv2.split(cv2.cvtColor(frame, cv2.COLOR_BGR2HSV)))
            if weights[3] > 0:
                planes.append(edges_of(planes[LUMA]))
            # The sum of absolute differences is a whole number, exact in whatever order it is taken.
            changes = (
                cv2.norm(a, b, cv2.NORM_L1) / float(a.size) for a, b in zip(planes, before, strict=False)
            )
            yield sum(c * w for c, w in zip(changes, weights, strict=False)) / norm
            before = planes


@dataclass(frozen=True, kw_only=True)
class Content(_ColourDifference):
    """A cut is where the colours of two frames differ by the threshold or more."""

    name = ShotDetector.CONTENT
    score_name = "mean change of hue, saturation and luma (0–255)"

    threshold: float = option(20.0, "mean change, 0 to 255")
    filter_mode: str = option("merge", "merge or suppress cuts too close together")

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


class _Scored(AdaptiveDetector):  # type: ignore[misc]  # scenedetect is untyped
    """PySceneDetect's detector that is handed the scores in the place of the frames."""

    def _calculate_frame_score(self, timecode: FrameTimecode, frame_img: float) -> float:  # noqa: ARG002
        return frame_img


@dataclass(frozen=True, kw_only=True)
class Adaptive(_ColourDifference):
    """A cut is where the change is several times that of the frames around: calmer in fast motion."""

    name = ShotDetector.ADAPTIVE
    score_name = "change over the mean change of the frames around"

    threshold: float = option(3.0, "the change over the mean change of the frames around")
    min_content_val: float = option(15.0, "the least change of a cut, 0 to 255")
    window_width: int = option(2, "frames before and after that count as around")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.window_width < 1:
            raise ValueError("window_width must be at least 1")

    def cuts(self, scores: FrameScores, min_clip_frames: int) -> list[int]:
        detector = _Scored(
            adaptive_threshold=self.threshold,
            min_scene_len=min_clip_frames,
            window_width=self.window_width,
            min_content_val=self.min_content_val,
        )
        return [
            scores.position(cut)
            for timecode, score in zip(scores.timecodes(), scores.scores, strict=True)
            for cut in detector.process_frame(timecode, float(score))
        ]

    def curve(self, scores: FrameScores) -> NDArray[np.float64]:
        """Return (F) the ratios; 0 where there are too few frames around, or the change is too small."""
        width, values = self.window_width, scores.scores
        ratios = np.zeros_like(values)
        for k in range(width, len(values) - width):
            around = (values[k - width : k + width + 1].sum() - values[k]) / (2 * width)
            if values[k] >= self.min_content_val:
                ratios[k] = min(values[k] / around, 255.0) if around > 1e-5 else 255.0
        return ratios
