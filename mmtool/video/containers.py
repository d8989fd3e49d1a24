"""The one way in which FFmpeg opens a file, and the track of a film that is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import av
import av.container
import av.logging
import cv2
from av.stream import Disposition

from mmtool.errors import InputError, MmtoolError
from mmtool.video.causes import check_file, coded_as, lacks_index, listed, no_video, refused

OPENS_OTHER_FILES = {
    *("avisynth", "concat", "dash", "hls", "applehttp", "image2", "imf", "lavfi", "mlv", "rtp", "rtsp"),
    *("sap", "sdp", "tty", "vapoursynth", "vobsub", "webm_dash_manifest"),
}
"""Demuxers that follow what a file says to other files or addresses, or are for anything but films."""

TAGS: dict[str, Any] = (
    {} if int(av.__version__.split(".")[0]) >= 19 else {"metadata_errors": "surrogateescape"}
)
"""Accepts films whose tags are not UTF-8; PyAV 19 and newer always do."""

NOT_MOVING = Disposition.attached_pic | Disposition.timed_thumbnails  # covers, previews


class FrameTimesUnknownError(Exception):
    """The packets do not tell which frames a decoder shows; only decoding everything does."""


@cache
def demuxers() -> str:
    """FFmpeg's list of the demuxers that may be used."""
    names = (name for name in av.formats_available if not OPENS_OTHER_FILES.intersection(name.split(",")))
    return ",".join(sorted(names))


def open_container(path: Path) -> av.container.InputContainer:
    """Open a file that leads to no other file; raises InputError with the cause if that is impossible."""
    check_file(path)
    if kind := listed(path):
        raise refused(path, kind)
    _keep_python_out_of_logging()
    try:
        container: av.container.InputContainer = av.open(
            str(path.absolute()),  # an absolute path cannot be taken for an address
            **TAGS,
            options={"protocol_whitelist": "file", "format_whitelist": demuxers()},
        )
    except av.ArgumentError as error:
        raise refused(path, "of a kind that leads to other files, or no container") from error
    except (av.FFmpegError, ValueError, ArithmeticError) as error:
        raise no_video(path) from error
    return container


def _keep_python_out_of_logging() -> None:
    """Undo a log level that another library has set, as torchvision does up to 0.25.

    With a level, FFmpeg's threads wait for Python's lock in order to log, while the thread that closes their
    decoder holds this lock and waits for them.
    """
    av.logging.set_level(None)


def picture_track(path: Path, container: av.container.InputContainer) -> av.VideoStream:
    """The track of moving pictures that players show: the default one, otherwise the first.

    Raises InputError if there is none, or none that can be decoded.
    """
    tracks = moving_tracks(container)
    if not container.streams or (not tracks and lacks_index(path)):
        raise no_video(path)
    if not tracks:
        found = [kind for kind in ("audio", "subtitle") if any(s.type == kind for s in container.streams)]
        found += ["a cover"] if container.streams.video else []
        only = f", only {' and '.join(found)}" if found else ""
        raise InputError(path, f"has no moving pictures{only}", "put the film itself there")
    readable = [track for track in tracks if track.codec_context is not None]
    if not readable:
        code = coded_as(path)
        problem = f"there is no decoder here for its pictures{f' ({code})' if code else ''}"
        raise InputError(path, problem, "re-encode it with a program that plays it")
    default = [track for track in readable if track.disposition & Disposition.default]
    return (default or readable)[0]


def moving_tracks(container: av.container.InputContainer) -> list[av.VideoStream]:
    """The video tracks but for covers and previews."""
    return [track for track in container.streams.video if not track.disposition & NOT_MOVING]


def tracks_note(path: Path) -> str:
    """Which of several tracks of moving pictures is read; empty if there is only one."""
    with open_video(path) as (container, stream):
        tracks = moving_tracks(container)
        if len(tracks) < 2:
            return ""
        why = "the default one" if stream.disposition & Disposition.default else "the first one"
        number = [track.index for track in tracks].index(stream.index) + 1
        return f"{path}: has {len(tracks)} tracks of pictures; number {number} is used, {why}"


@contextmanager
def open_video(path: Path) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """Open the container of a video and its track of pictures.

    Raises InputError if there is none; errors of FFmpeg in the block become FrameTimesUnknownError.
    """
    with open_container(path) as container:
        stream = picture_track(path, container)
        stream.thread_type = "AUTO"
        try:
            yield container, stream
        except av.FFmpegError as error:
            raise FrameTimesUnknownError from error
        finally:
            _keep_python_out_of_logging()  # torchvision may have been imported in the block


@contextmanager
def film_errors(path: Path) -> Iterator[None]:
    """Turn whatever the decoders raise in the block into an InputError, so that one film fails alone."""
    try:
        yield
    except MmtoolError:
        raise
    except (FrameTimesUnknownError, av.FFmpegError) as error:
        cause = error.__cause__ or error
        problem = f"cannot be decoded ({cause})" if str(cause) else "its packets are damaged"
        raise InputError(path, problem, "re-encode it, or copy it again") from error
    except (cv2.error, UnicodeError) as error:
        raise InputError(path, f"cannot be decoded ({error})", "re-encode it, or copy it again") from error
    except ArithmeticError as error:  # as in a frame rate of 1/0, which says nothing to a user
        problem = "its frame rate or its timestamps are damaged"
        raise InputError(path, problem, "re-encode it, or copy it again") from error
    except MemoryError as error:
        problem = "its pictures do not fit into memory"
        raise InputError(path, problem, "close other programs, or re-encode it to a smaller size") from error
