"""Cutting a film in one call."""

from pathlib import Path

from mmtool.records import Clip
from mmtool.video.detectors.contract import Detector
from mmtool.video.shots import WHOLE_FILM, Extent, OnFrames, clips_of, score_frames


def detect_clips(
    path: Path,
    detector: Detector,
    *,
    min_clip_frames: int,
    extent: Extent = WHOLE_FILM,
    on_frames: OnFrames | None = None,
) -> list[Clip]:
    """Split a video at its cuts: those of PySceneDetect's command with the same detector and settings."""
    scores = score_frames(path, detector, extent=extent, on_frames=on_frames)
    return clips_of(scores, detector, min_clip_frames=min_clip_frames)
