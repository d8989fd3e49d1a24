"""What a film's header says about its times, and how many frames are before one of them."""

from dataclasses import dataclass
from pathlib import Path

from mmtool.video.frames import decode_timeline
from mmtool.video.stream import TOLERANCE, no_video
from mmtool.video.timeline import FrameTimesUnknownError, film_start, first_shown, frame_packets, open_video

REORDERED = 60  # frames; no picture is stored further from its place
INDEXED = ("mov", "mp4", "matroska", "webm", "avi")  # containers in which seeking finds key frames


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmHeader:
    """Times in seconds from the start of the film, see :func:`mmtool.video.timeline.film_start`."""

    offset: float  # of its first picture
    end: float | None  # None: unknown
    least_end: float | None  # by whichever reading of the header is less; None: unknown
    indexed: bool  # seeking finds key frames
    still: bool  # it is of a kind that holds pictures, one after the other or a single one


def read_header(path: Path) -> FilmHeader:
    """Read a film's header; ``InputError`` where there is no video in it."""
    try:
        with open_video(path) as (container, stream):
            zero, base = film_start(container, stream), stream.time_base or 0
            first = stream.start_time or 0
            end = None
            if stream.duration:
                end = float((first + stream.duration - zero) * base)
            elif container.duration is not None:
                end = container.duration / 1e6
            # Some programs that write Matroska count the time before the film's start, too.
            before = max(0, container.start_time or 0) / 1e6
            return FilmHeader(
                offset=round(float((first - zero) * base), 6),
                end=end,
                least_end=None if end is None else end - before,
                still=container.format.name.endswith("_pipe") or container.format.name == "image2",
                indexed=any(name in container.format.name.split(",") for name in INDEXED),
            )
    except FrameTimesUnknownError as error:
        raise no_video(path) from error


def count_frames_before(path: Path, time: float) -> int:
    """Count the frames shown before ``time``, in seconds from the start of the film.

    They are decoded only where the film's packets do not tell.
    """
    try:
        return _count_packets_before(path, time)
    except FrameTimesUnknownError:
        return decode_timeline(path).count_before(time)


def _count_packets_before(path: Path, time: float) -> int:
    shown_from, count, late = first_shown(path), 0, 0
    with open_video(path) as (container, stream):
        start, base = film_start(container, stream), stream.time_base or 0
        for shown_at, packet in frame_packets(container, stream):
            if packet.is_discard or shown_at < shown_from:
                continue
            seconds = float((shown_at - start) * base)
            count += seconds < time - TOLERANCE
            late += seconds > time + 1
            if late > REORDERED:
                break
        return count
