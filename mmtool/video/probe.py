"""What a video file says about itself."""

from dataclasses import dataclass
from pathlib import Path

from mmtool.video.causes import no_frames
from mmtool.video.containers import film_errors
from mmtool.video.opening import open_film
from mmtool.video.stream import quiet


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo:
    """``frame_rate`` in frames per second, ``width`` and ``height`` in pixels of the decoded frames.

    ``frame_count`` and ``duration`` (seconds) are what the container claims, None if it claims nothing:
    MPEG streams and damaged files contain more or fewer frames.
    """

    frame_rate: float
    frame_count: int | None
    width: int
    height: int
    duration: float | None


def probe(path: Path) -> VideoInfo:
    """Read the header and the first frame; raises InputError if there is no such frame."""
    with film_errors(path), open_film(path, for_pixels=False) as stream:
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
