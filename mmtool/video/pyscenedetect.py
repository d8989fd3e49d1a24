"""What we use of PySceneDetect, loaded without what only its own command needs.

Loading it starts an ffmpeg, to know whether there is one, and brings tqdm with asyncio and ssl: a third of
its time. We cut no films with it and have bars of our own.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

UNNEEDED = ("tqdm", "imageio_ffmpeg")  # it does without, where they are not installed


@contextmanager
def _unneeded_left_out() -> Iterator[None]:
    def refuse(*_: Any, **__: Any) -> int:
        raise FileNotFoundError

    call, hidden = subprocess.call, [name for name in UNNEEDED if name not in sys.modules]
    subprocess.call = refuse
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # what marks a module that cannot be loaded
    try:
        yield
    finally:
        subprocess.call = call
        for name in hidden:
            del sys.modules[name]


with _unneeded_left_out():
    from scenedetect import (
        AdaptiveDetector,
        ContentDetector,
        FrameTimecode,
        HashDetector,
        HistogramDetector,
        ThresholdDetector,
        VideoOpenFailure,
    )
    from scenedetect.backends.opencv import VideoStreamCv2
    from scenedetect.common import Timecode
    from scenedetect.detector import FlashFilter
    from scenedetect.scene_manager import compute_downscale_factor
    from scenedetect.video_stream import FrameRateUnavailable

__all__ = [
    "AdaptiveDetector",
    "ContentDetector",
    "FlashFilter",
    "FrameRateUnavailable",
    "FrameTimecode",
    "HashDetector",
    "HistogramDetector",
    "ThresholdDetector",
    "Timecode",
    "VideoOpenFailure",
    "VideoStreamCv2",
    "compute_downscale_factor",
]
