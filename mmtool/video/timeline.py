"""Which frames a video has and when they are shown, from its packets, without decoding them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import av.container

from mmtool.video.containers import FrameTimesUnknownError, open_video

TOLERANCE = 1e-6  # seconds; timestamps are not more precise
MOST_REORDERED = 60  # frames; no picture is stored further from its place in the order of presentation
SAME_START = Fraction(2, 10**6)  # seconds; a container's own start is rounded to microseconds
PACKETS_WITHOUT_FRAMES = {"vp8"}  # codecs with packets that show nothing, so that counting them is wrong


class KeyFrame(NamedTuple):
    """A packet at which decoding can begin: its presentation timestamp, its size in bytes, where to seek."""

    pts: int
    size: int
    seek: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """``pts`` are the timestamps of all frames in the order of presentation, as decoders show them.

    ``keys`` are sorted by ``pts``. Seconds from the start of the film are ``(pts - start) * time_base``.
    """

    pts: list[int]
    keys: list[KeyFrame]
    start: Fraction
    time_base: Fraction

    def seconds(self, index: int) -> float:
        return self.seconds_of(self.pts[index])

    def seconds_of(self, pts: int) -> float:
        """Seconds from the start of the film at a timestamp."""
        return float((pts - self.start) * self.time_base)

    def shown_at(self, seconds: float) -> int:
        """Index of the frame on the screen at a time; the nearest frame for times outside the video."""
        return max(0, bisect_right(self.pts, self._ticks(seconds)) - 1)

    def count_before(self, seconds: float) -> int:
        """The number of frames shown before a time, in seconds from the start of the film."""
        return bisect_left(self.pts, self._ticks(seconds - TOLERANCE))

    def _ticks(self, seconds: float) -> Fraction:
        return Fraction(seconds).limit_denominator(10**6) / self.time_base + self.start

    def edge(self, seconds: float) -> int:
        """Index of the frame that begins nearest to a time; for the end, the number of frames."""
        times = [*self.pts, 2 * self.pts[-1] - self.pts[-2]] if len(self.pts) > 1 else self.pts
        ticks = self._ticks(seconds)
        after = bisect_left(times, ticks, hi=len(times) - 1)
        return after - 1 if after and ticks - times[after - 1] < times[after] - ticks else after

    def first_from(self, pts: int) -> int:
        """Index of the first frame shown at ``pts`` or later."""
        return bisect_left(self.pts, pts)

    def key_of(self, index: int) -> int:
        """Number of the key frame from which to decode a frame; -1 for a frame before the first key frame.

        Frames shown after a key frame never refer to frames before it, even in open groups of pictures.
        """
        return bisect_right(self.keys, self.pts[index], key=lambda key: key.pts) - 1


def read_timeline(path: Path) -> Timeline:
    """Read all packets of a video, and decode one frame.

    Raises FrameTimesUnknownError if packets lack timestamps, are damaged or do not belong to a frame,
    InputError for a file that is not a video.
    """
    pts: list[int] = []
    keys: list[KeyFrame] = []
    with open_video(path) as (container, stream):
        for shown_at, packet in frame_packets(container, stream):
            if packet.is_keyframe:
                seek = shown_at if packet.dts is None else packet.dts
                keys.append(KeyFrame(shown_at, packet.size, seek))
            if not packet.is_discard:  # edit lists discard frames: they are decoded, but never shown
                pts.append(shown_at)
        start, time_base = film_start(container, stream), stream.time_base or Fraction(0)
    pts.sort()
    shown = bisect_left(pts, first_shown(path))
    if len(set(pts)) < len(pts) or shown == len(pts):
        raise FrameTimesUnknownError
    return Timeline(pts=pts[shown:], keys=sorted(keys), start=start, time_base=time_base)


def frame_packets(
    container: av.container.InputContainer, stream: av.VideoStream
) -> Iterator[tuple[int, "av.Packet[av.VideoStream]"]]:
    """Yield the packets with their presentation timestamps.

    Raises FrameTimesUnknownError if they are not one frame each.
    """
    if stream.codec_context.name in PACKETS_WITHOUT_FRAMES or stream.time_base is None:
        raise FrameTimesUnknownError
    for packet in container.demux(stream):
        if not packet.size:
            continue  # the last one, without content
        if packet.pts is None or packet.is_corrupt:
            raise FrameTimesUnknownError
        yield packet.pts, packet


def first_shown(path: Path) -> int:
    """Timestamp of the first frame that a decoder shows.

    A recording may begin with frames that refer to others before its start, which are never shown.
    """
    with open_video(path) as (container, stream):
        frame = next(container.decode(stream), None)
        if frame is None or frame.pts is None:
            raise FrameTimesUnknownError
        return frame.pts


def film_start(container: av.container.InputContainer, stream: av.VideoStream) -> Fraction:
    """The zero of all times, as a timestamp of ``stream``: the start of the earliest stream of the film.

    This is where players (mpv, VLC, FFmpeg) show 0:00 and where subtitles count from, after edit lists are
    applied. The first picture may come later.
    """
    if stream.time_base is None:
        return Fraction(0)
    first = Fraction(stream.start_time or 0)
    if container.start_time is None:
        return first
    zero = Fraction(container.start_time, av.time_base) / stream.time_base
    same = abs(first - zero) * stream.time_base < SAME_START
    return first if same else min(first, zero)


def decode_all(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    """Yield all frames; damaged frames, or a damaged rest, are silently left out: the caller counts."""
    with suppress(av.FFmpegError):
        for packet in container.demux(stream):
            with suppress(av.FFmpegError):
                yield from packet.decode()
