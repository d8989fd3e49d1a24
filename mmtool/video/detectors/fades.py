"""PySceneDetect's ``detect-threshold``: cuts where the picture fades to black (or white) and back."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mmtool.choices import ShotDetector
from mmtool.video.detectors.contract import Detector, Frame, option
from mmtool.video.pyscenedetect import ThresholdDetector
from mmtool.video.scores import FrameScores


@dataclass(frozen=True, kw_only=True)
class Fades(Detector):
    """A cut is between a fade out, where the mean brightness passes the threshold, and the next fade in."""

    name = ShotDetector.THRESHOLD
    score_name = "mean brightness (0–255)"

    threshold: float = option(12.0, "mean brightness, 0 to 255; its whole part counts")
    fade_bias: float = option(0.0, "-1: cut where it fades out, 0: in the middle, 1: where it fades in")
    add_final_scene: bool = option(True, "cut at a fade out that ends the film, too")
    method: str = option("floor", "floor: faded out is dark; ceiling: faded out is bright")
    min_out_length: float = option(0.1, "seconds; shorter fades do not count")

    def __post_init__(self) -> None:
        if self.method not in ("floor", "ceiling"):
            raise ValueError("method must be floor or ceiling")
        if not -1 <= self.fade_bias <= 1:
            raise ValueError("fade_bias must be between -1 and 1")
        if self.min_out_length < 0:
            raise ValueError("min_out_length must be at least 0")

    def for_more_cuts(self) -> str:
        return "raise --threshold" if self.method == "floor" else "lower --threshold"

    def scores(self, frames: Iterator[Frame]) -> Iterator[float]:
        """Yield each frame's mean over all pixels and channels."""
        return (float(np.mean(frame)) for frame in frames)

    def cuts(self, scores: FrameScores, min_clip_frames: int) -> list[int]:
        detector = ThresholdDetector(
            threshold=self.threshold,
            min_scene_len=min_clip_frames,
            fade_bias=self.fade_bias,
            add_final_scene=self.add_final_scene,
            method=ThresholdDetector.Method[self.method.upper()],
            min_out_length=self.min_out_length,
        )
        cuts, timecode = [], None
        for timecode, score in zip(scores.timecodes(), scores.scores, strict=True):
            cuts += detector.process_frame(timecode, score)  # whose mean is the score itself
        if timecode is not None:
            cuts += detector.post_process(timecode)
        return sorted({scores.position(cut) for cut in cuts} - {0})
