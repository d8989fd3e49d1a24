"""A video's shots: the clips between its cuts."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scenedetect import ContentDetector, FrameTimecode, SceneManager

from mmtool.errors import InputError
from mmtool.records import Clip
from mmtool.video.stream import no_frames, open_stream, quiet

OnFrames = Callable[[int, int | None], None]
"""Told, after each frame, how many are done and how many the container claims (None: unknown)."""

TIMESTAMP_JITTER = 1.0  # seconds; larger steps back are streams that were joined


class _ReportingDetector(ContentDetector):  # type: ignore[misc]  # scenedetect is untyped
    def __init__(
        self, *, threshold: float, min_clip_frames: int, on_frames: OnFrames | None, total: int | None
    ) -> None:
        super().__init__(threshold=threshold, min_scene_len=min_clip_frames)
        self._on_frames = on_frames
        self._done, self._total = 0, total

    def process_frame(self, timecode: FrameTimecode, frame_img: NDArray[np.uint8]) -> list[FrameTimecode]:
        cuts: list[FrameTimecode] = super().process_frame(timecode, frame_img)
        self._done += 1
        if self._on_frames is not None:
            self._on_frames(self._done, self._total)
        return cuts


def detect_clips(
    path: Path, *, threshold: float, min_clip_frames: int, on_frames: OnFrames | None = None
) -> list[Clip]:
    """Split a video where the colours of two frames differ by ``threshold`` (0..255) or more.

    The cuts are those of PySceneDetect's ``scenedetect -i FILE detect-content -t THRESHOLD
    -m FRAMES``: cuts less than ``min_clip_frames`` apart are merged, only the last clip may be
    shorter. A video without cuts is one clip. Frame indices count decoded frames (PySceneDetect
    prints its own from timestamps, the same where the frame rate is constant).

    Raises ``InputError`` if no frame can be decoded. A video that is truncated or badly damaged ends
    where decoding does, before the ``frame_count`` of its header.
    """
    with open_stream(path) as stream:
        detector = _ReportingDetector(
            threshold=threshold,
            min_clip_frames=min_clip_frames,
            on_frames=on_frames,
            total=stream.frame_count,
        )
        manager = SceneManager()
        manager.add_detector(detector)
        with quiet():
            manager.detect_scenes(stream)
    if not stream.times:
        raise no_frames(path)
    return _clips(path, manager.get_scene_list(start_in_scene=True), stream.times)


def _clips(path: Path, scenes: list[tuple[FrameTimecode, FrameTimecode]], times: list[float]) -> list[Clip]:
    """Give the scenes their frame indices; ``times`` are the timestamps of all frames."""
    index_at = {time: index for index, time in reversed(list(enumerate(times)))}
    edges = [*(index_at[start.seconds] for start, _ in scenes), len(times)]
    restarts = any(later < earlier - TIMESTAMP_JITTER for earlier, later in pairwise(times))
    if restarts or any(first >= end for first, end in pairwise(edges)):
        raise InputError(path, "its timestamps run backwards", "re-encode it (ffmpeg -i OLD NEW.mp4)")
    return [
        Clip(start=start.seconds, end=end.seconds, start_frame=first, end_frame=last)
        for (start, end), (first, last) in zip(scenes, pairwise(edges), strict=True)
    ]
