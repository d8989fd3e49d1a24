"""PySceneDetect's ``detect-hist`` and ``detect-hash``: frames whose histograms or hashes differ."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from scenedetect import HashDetector, HistogramDetector

from mmtool.video.detectors.contract import Detector, Frame, option
from mmtool.video.scores import FrameScores


@dataclass(frozen=True, kw_only=True)
class _Distance(Detector):
    """A cut is where a frame differs enough from the one before, and the last cut is long enough ago."""

    def cuts(self, scores: FrameScores, min_clip_frames: int) -> list[int]:
        cuts, last = [], None
        for k, (timecode, score) in enumerate(zip(scores.timecodes(), scores.scores, strict=True)):
            if last is None:
                last = timecode
            elif score >= self.threshold and timecode - last >= min_clip_frames:
                cuts.append(k)
                last = timecode
        return cuts


@dataclass(frozen=True, kw_only=True)
class Histogram(_Distance):
    """A cut is where the brightness histograms of two frames correlate by less than 1 - threshold."""

    score_name = "1 - correlation of the brightness histograms"

    threshold: float = option(0.2, "1 - correlation, 0 to 1")
    bins: int = option(128, "bins of the histogram, 1 to 256", scores=True)

    def __post_init__(self) -> None:
        if not 1 <= self.bins <= 256:
            raise ValueError("bins must be between 1 and 256")

    def scores(self, frames: Iterator[Frame]) -> Iterator[float]:
        """Yield 1 - correlation with the frame before; 0 for the first."""
        before = None
        for frame in frames:
            histogram = HistogramDetector.calculate_histogram(frame, bins=self.bins)
            yield 0.0 if before is None else 1.0 - cv2.compareHist(before, histogram, cv2.HISTCMP_CORREL)
            before = histogram


@dataclass(frozen=True, kw_only=True)
class Hash(_Distance):
    """A cut is where the perceptual hashes of two frames differ in at least the threshold's share of bits."""

    score_name = "share of the bits of the hash that differ"

    threshold: float = option(0.35, "share of bits, 0 to 1")
    size: int = option(8, "width and height of the hash in bits, 1 to 256", scores=True)
    lowpass: int = option(2, "one in this many frequencies is kept, 1 to 256", scores=True)

    def __post_init__(self) -> None:
        if not (1 <= self.size <= 256 and 1 <= self.lowpass <= 256):
            raise ValueError("size and lowpass must be between 1 and 256")

    def scores(self, frames: Iterator[Frame]) -> Iterator[float]:
        """Yield the Hamming distance, over the number of bits, to the frame before; 0 for the first."""
        before = None
        for frame in frames:
            bits = HashDetector.hash_frame(frame, self.size, self.lowpass)
            yield 0.0 if before is None else np.count_nonzero(bits != before) / float(bits.size)
            before = bits
