"""When a film starts, and what its container says without decoding.

The zero of all times is the start of the film: the earliest presentation time of all its streams, video
or sound, after edit lists. There players (mpv, VLC, FFmpeg) show 0:00, and subtitles count from there.
The first picture may come later.
"""

from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from mmtool.errors import InputError

INDEXED = ("mov", "mp4", "matroska", "webm", "avi")  # containers in which seeking finds key frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """What a film's header says about its times."""

    offset: float  # seconds from the film's start to its first picture
    end: float | None  # seconds; None: unknown
    indexed: bool  # seeking finds key frames
    still: bool  # it is of a kind that holds pictures, one after the other or a single one


def read_timeline(path: Path) -> Timeline:
    """Read a film's header; ``InputError`` where there is no video in it."""
    with _open(path) as container:
        stream = _video(path, container)
        zero = (container.start_time or 0) / av.time_base
        start = _start(stream)
        ends = [_start(s) + float(s.duration * s.time_base) for s in (stream,) if s.duration and s.time_base]
        if not ends and container.duration is not None:
            ends = [zero + container.duration / av.time_base]
        return Timeline(
            offset=max(0.0, round(start - zero, 6)),
            end=max(ends) - zero if ends else None,
            still=container.format.name.endswith("_pipe") or container.format.name == "image2",
            indexed=any(name in container.format.name.split(",") for name in INDEXED),
        )


def count_frames_before(path: Path, time: float) -> int:
    """Count the pictures shown before ``time``, in seconds from the first picture, without decoding any."""
    with _open(path) as container:
        stream = _video(path, container)
        start, count, late = _start(stream), 0, 0
        for packet in container.demux(stream):
            if packet.pts is None or packet.is_discard:
                continue
            shown = float(packet.pts * packet.time_base) - start
            count += shown < time - 1e-6
            late = late + 1 if shown > time + 1 else 0
            if late > 60:  # pictures are not stored further than this from their place
                break
        return count


def _open(path: Path) -> InputContainer:
    try:
        return av.open(str(path.absolute()))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InputError(path, "not a video that can be decoded", "re-encode it, or copy it again") from error


def _video(path: Path, container: InputContainer) -> VideoStream:
    if not container.streams.video:
        raise InputError(path, "has no video in it", "check that it is a film")
    return container.streams.video[0]


def _start(stream: Stream) -> float:
    if stream.start_time is None or stream.time_base is None:
        return 0.0
    return float(stream.start_time * stream.time_base)
