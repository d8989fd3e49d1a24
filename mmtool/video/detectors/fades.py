"""PySceneDetect's ``detect-threshold``: cuts where the picture fades to black (or white) and back."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scenedetect import ThresholdDetector

from mmtool.video.detectors.contract import Detector, Frame, option
from mmtool.video.scores import FrameScores


@dataclass(frozen=True, kw_only=True)
class Fades(Detector):
    """A cut is between a fade-out, where the mean brightness passes the threshold, and the next fade-in."""

    score_name = "mean brightness (0–255)"

    threshold: float = option(12.0, "mean brightness, 0 to 255; fractions are ignored")
    fade_bias: float = option(0.0, "place of the cut: -1 at the fade-out, 0 in the middle, 1 at the fade-in")
    add_final_scene: bool = option(True, "also cut at a fade-out that ends the film")
    method: str = option("floor", "floor: fades to black; ceiling: fades to white")
    min_out_length: float = option(0.1, "length in seconds; shorter fade-outs are ignored")

    def __post_init__(self) -> None:
        if self.method not in ("floor", "ceiling"):
            raise ValueError("method must be floor or ceiling")
        if not -1 <= self.fade_bias <= 1:
            raise ValueError("fade_bias must be between -1 and 1")
        if self.min_out_length < 0:
            raise ValueError("min_out_length must be at least 0")

    def advice_for_more_cuts(self) -> str:
        return "raise `threshold`" if self.method == "floor" else "lower `threshold`"

    def scores(self, frames: Iterator[Frame]) -> Iterator[float]:
        """Yield the mean of each frame over all pixels and channels."""
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
            one_pixel = np.full((1, 1, 1), score)  # a frame whose mean is the score
            cuts += detector.process_frame(timecode, one_pixel)
        if timecode is not None:
            cuts += detector.post_process(timecode)
        return sorted({scores.position(cut) for cut in cuts} - {0})
