"""Settings of ``segment``."""

import re
from dataclasses import dataclass
from math import inf
from pathlib import Path

from mmtool.choices import ShotDetector, TextFormat, TextSplit
from mmtool.errors import CallError
from mmtool.settings.checks import require


@dataclass(frozen=True, slots=True)
class SegmentSettings:
    """Clips by PySceneDetect's content detector at the paper's setting; snippets as the text has them."""

    threshold: float | None = None  # None: the detector's own; of content 20, the paper's
    min_clip_frames: int = 5
    split: TextSplit = TextSplit.NONE
    force: bool = False
    detector: ShotDetector = ShotDetector.CONTENT
    detector_options: tuple[str, ...] = ()  # NAME=VALUE
    weights: Path | None = None  # of a learned detector; None: published
    start: float = 0.0  # seconds; what is before is left out
    end: float | None = None
    incomplete: bool = False  # take films whose files were cut off for as long as they go
    clips: Path | None = None  # somebody's cut list of one film, or a folder of them, instead of a detector
    stats: bool = False  # keep the score of every frame
    suggest: bool = False  # draw what other thresholds would give
    thumbnails: bool = False
    workers: int = 0  # films at the same time; 0: one for each core
    language: str = "en"  # of the texts: an ISO 639 code
    text_format: TextFormat = TextFormat.AUTO

    def __post_init__(self) -> None:
        is_code = re.fullmatch(r"[a-z]{2,3}(-\w+)*", self.language) is not None
        require(is_code, "language", "an ISO 639 code such as en or de", self.language)
        require(
            self.threshold is None or 0 < self.threshold <= 255,
            "threshold",
            "above 0 and at most 255",
            self.threshold,
        )
        require(self.min_clip_frames >= 1, "min-clip-frames", "at least 1", self.min_clip_frames)
        if self.weights is not None and self.detector is not ShotDetector.TRANSNETV2:
            raise CallError(f"--weights is of transnetv2; {self.detector} has none")
        require(0 <= self.start < inf, "start", "seconds from the film's start", self.start)
        require(self.end is None or self.start < self.end < inf, "end", "after --start and finite", self.end)
        require(self.workers >= 0, "workers", "at least 0", self.workers)
        if self.clips is not None and (self.stats or self.suggest or self.start or self.end is not None):
            raise CallError(
                "--clips takes cuts as they are: leave --stats, --suggest, --start and --end away"
            )
