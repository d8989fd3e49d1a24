"""What a film's header says about its times, and what its packets say, without decoding."""

from dataclasses import dataclass
from pathlib import Path

from mmtool.errors import InputError
from mmtool.video.stream import no_video
from mmtool.video.timeline import UntoldError, film_start, open_video

INDEXED = ("mov", "mp4", "matroska", "webm", "avi")  # containers in which seeking finds key frames


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmHeader:
    """Times in seconds from the start of the film, see :func:`mmtool.video.timeline.film_start`."""

    offset: float  # of its first picture
    end: float | None  # None: unknown
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
            return FilmHeader(
                offset=round(float((first - zero) * base), 6),
                end=end,
                still=container.format.name.endswith("_pipe") or container.format.name == "image2",
                indexed=any(name in container.format.name.split(",") for name in INDEXED),
            )
    except UntoldError as error:
        raise no_video(path) from error


def count_frames_before(path: Path, time: float) -> int:
    """Count the pictures shown before ``time``, in seconds from the first picture, without decoding any."""
    try:
        with open_video(path) as (container, stream):
            start, count, late = stream.start_time or 0, 0, 0
            for packet in container.demux(stream):
                if packet.pts is None or packet.is_discard:
                    continue
                shown = float((packet.pts - start) * packet.time_base)
                count += shown < time - 1e-6
                late = late + 1 if shown > time + 1 else 0
                if late > 60:  # pictures are not stored further than this from their place
                    break
            return count
    except UntoldError as error:
        raise InputError(path, "its packets are damaged", "re-encode it, or copy it again") from error
