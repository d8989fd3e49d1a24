"""What a video file says about itself."""

from dataclasses import dataclass
from pathlib import Path

from mmtool.video.stream import no_frames, open_stream, quiet


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo:
    """``frame_rate`` in frames a second, ``width`` and ``height`` in pixels as the frames are decoded.

    ``frame_count`` and ``duration`` (seconds) are what the container claims, ``None`` where it claims
    nothing: MPEG streams and damaged files hold more or fewer frames than that.
    """

    frame_rate: float
    frame_count: int | None
    width: int
    height: int
    duration: float | None


def probe(path: Path) -> VideoInfo:
    """Look at the header and the first frame; ``InputError`` where there is no such frame."""
    with open_stream(path) as stream:
        with quiet():
            frame = stream.read()
        if isinstance(frame, bool):
            raise no_frames(path)
        height, width, _ = frame.shape
        rate, count = stream.frame_rate, stream.frame_count
        return VideoInfo(
            frame_rate=float(rate),
            frame_count=count,
            width=width,
            height=height,
            duration=None if count is None else float(count / rate),
        )
