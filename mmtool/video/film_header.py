"""What the header of a film says about its times, and how many frames come before a time."""

from dataclasses import dataclass
from pathlib import Path

from mmtool.video.causes import no_video
from mmtool.video.containers import FrameTimesUnknownError, open_video
from mmtool.video.frames import decode_timeline
from mmtool.video.timeline import MOST_REORDERED, TOLERANCE, film_start, first_shown, frame_packets

INDEXED = ("mov", "mp4", "matroska", "webm", "avi")  # containers in which seeking finds key frames


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmHeader:
    """Times in seconds from the start of the film, see :func:`mmtool.video.timeline.film_start`."""

    offset: float  # when the first picture is shown
    end: float | None  # None: unknown
    least_end: float | None  # the earlier of the two ways to read the header; None: unknown
    indexed: bool  # whether seeking finds key frames
    still: bool  # whether the format is one of still images, single or in sequence


def read_header(path: Path) -> FilmHeader:
    """Read the header of a film; raises InputError if it has no video."""
    try:
        with open_video(path) as (container, stream):
            zero, base = film_start(container, stream), stream.time_base or 0
            first = stream.start_time or 0
            end = None
            if stream.duration:
                end = float((first + stream.duration - zero) * base)
            elif container.duration is not None:
                end = container.duration / 1e6
            # Some programs that write Matroska also count the time before the start of the film.
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

    They are decoded only if the packets of the film do not tell.
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
            if late > MOST_REORDERED:
                break
        return count
