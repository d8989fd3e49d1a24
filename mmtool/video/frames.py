"""Exact frames of a video, and the frames that represent a clip."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path

import av

from mmtool.errors import InputError
from mmtool.records import Clip
from mmtool.video.causes import no_frames, no_video
from mmtool.video.containers import FrameTimesUnknownError, film_errors, open_video
from mmtool.video.pixels import PixelReader, Pixels
from mmtool.video.reach import data_end
from mmtool.video.seeking import SeekableVideo
from mmtool.video.timeline import (
    Timeline,
    decode_all,
    film_start,
    read_timeline,
)

SAME_TIME = 1e-3  # seconds
LONGEST_LAST_FRAME = 1.0  # seconds that the last frame may be shown if its packet does not tell


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """The ``time`` of a frame in seconds and its ``pixels`` (H, W, 3), RGB."""

    time: float
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class ClipFrame:
    """The frame that represents one of the equal parts of a clip."""

    clip: int
    part: int
    frame: VideoFrame


def read_clip_frames(path: Path, clips: Sequence[Clip], per_clip: int = 1) -> Iterator[ClipFrame]:
    """Yield ``per_clip`` frames of each of N clips, in the order of the video.

    Raises InputError for a file that is not a video, or a video that ends before the clips.
    """
    with film_errors(path):
        yield from _clip_frames(path, clips, per_clip)


def clocks_of(path: Path, clips: Sequence[Clip], *, needed: bool) -> tuple[Timeline | None, Timeline | None]:
    """The timeline of a video, if its frames can be reached by it, and what knows the times of its frames.

    The latter is None if it is not ``needed``, because clips count frames, and would have to be found by
    decoding everything. Raises InputError for a video that ends before the clips.
    """
    timeline = timeline_of(path, clips)
    clock = timeline or (decode_timeline(path) if needed else None)
    if clock is not None:
        _check_reach(path, clock, clips)
    return timeline, clock


def _clip_frames(path: Path, clips: Sequence[Clip], per_clip: int) -> Iterator[ClipFrame]:
    counted = all(clip.start_frame is not None for clip in clips)
    timeline, clock = clocks_of(path, clips, needed=not counted)
    selected = sorted(
        (index, clip, part)
        for clip, known in enumerate(clips)
        for part, index in enumerate(clip_frames(clock, known, per_clip))
    )
    frames = read_frames(path, [index for index, _, _ in selected], timeline)
    for (_, clip, part), frame in zip(selected, frames, strict=True):
        yield ClipFrame(clip, part, frame)


def _check_reach(path: Path, clock: Timeline, clips: Sequence[Clip]) -> None:
    """Raise InputError for a clip without frame numbers that starts after the end of the film's data."""
    start = max((clip.start for clip in clips if clip.start_frame is None), default=0.0)
    if start > clock.seconds(-1) and start >= (end := data_end(path)) + LONGEST_LAST_FRAME:
        raise InputError(
            path,
            f"has nothing after {end:.2f} s, but a clip at {start:.2f} s",
            "check that the clips belong to this video and that it is complete",
        )


def clip_frames(clock: Timeline | None, clip: Clip, per_clip: int = 1) -> list[int]:
    """Return the central frames of ``per_clip`` equal parts of a clip, some twice if it has fewer frames."""
    first, end = frame_range(clock, clip)
    return [first + (2 * part + 1) * (end - first) // (2 * per_clip) for part in range(per_clip)]


def frame_range(clock: Timeline | None, clip: Clip) -> tuple[int, int]:
    """The indices of the first frame of a clip and of the one after its last.

    A clip without frame numbers consists of the frames that ``clock`` shows between its times.
    """
    first, end = clip.start_frame, clip.end_frame
    if first is None or end is None:
        if clock is None:
            raise ValueError("a clip without frame numbers needs a clock")
        first, end = clock.edge(clip.start), clock.edge(clip.end)
        if first >= end:  # shorter than a frame: the one on the screen at its start
            first = clock.shown_at(clip.start)
            end = first + 1
    return first, end


def timeline_of(path: Path, clips: Sequence[Clip]) -> Timeline | None:
    """Return the timeline of a video; None if its frames can only be counted by decoding all of them.

    The clips were found by decoding everything. A timeline in which their first frames have the same times
    counts as the decoder did; this reveals frames that are too damaged to decode, which packets do not show.
    """
    try:
        timeline = read_timeline(path)
    except FrameTimesUnknownError:
        return None
    for clip in clips:
        if clip.start_frame is not None and (
            clip.start_frame >= len(timeline.pts)
            or abs(timeline.seconds(clip.start_frame) - clip.start) > SAME_TIME
        ):
            return None
    return timeline


def decode_timeline(path: Path) -> Timeline:
    """Return the timeline of a video whose packets do not tell it, by decoding everything; without keys."""
    try:
        with open_video(path) as (container, stream):
            start, base = film_start(container, stream), stream.time_base
            pts = [frame.pts for frame in decode_all(container, stream)]
    except FrameTimesUnknownError as error:
        raise no_video(path) from error
    if not pts:
        raise no_frames(path)
    known = [shown_at for shown_at in pts if shown_at is not None]
    if base is None or len(known) < len(pts) or known != sorted(known):
        raise InputError(path, "its frames have no usable timestamps", "re-encode it")
    return Timeline(pts=known, keys=[], start=start, time_base=base)


def read_frames(
    path: Path, frames: Sequence[int], timeline: Timeline | None, *, shorter_side: int | None = None
) -> Iterator[VideoFrame]:
    """Yield frames at non-decreasing indices, counted from 0 in the order of presentation.

    With a timeline, each is decoded from the key frame before it. Without one, and after the first frame
    where decoding contradicts it, all frames are decoded from the start of the video. ``shorter_side`` is the
    size in pixels to which larger frames are scaled.

    Raises InputError that names the frame if the video ends before it, ValueError if the indices are
    negative or decrease.
    """
    for before, after in pairwise([0, *frames]):
        if after < before:
            raise ValueError(f"frame indices must not decrease: {after} after {before}")
    pixels, done = PixelReader(shorter_side), 0
    if timeline is not None:
        with suppress(FrameTimesUnknownError), open_video(path) as (container, stream):
            video = SeekableVideo(container, stream, timeline)
            for index, same in groupby(frames):
                shown = video.frame(index)
                frame = VideoFrame(timeline.seconds(index), pixels.read(shown))
                for _ in same:
                    yield frame
                    done += 1
    try:
        yield from _count_frames(path, frames[done:], pixels)
    except FrameTimesUnknownError as error:
        raise InputError(path, "has a frame that cannot be converted to RGB", "re-encode it") from error


def _count_frames(path: Path, frames: Sequence[int], pixels: PixelReader) -> Iterator[VideoFrame]:
    """Yield frames by their index among all frames that can be decoded."""
    if not frames:
        return
    with open_video(path) as (container, stream):
        decoded = enumerate(decode_all(container, stream), start=1)
        start = film_start(container, stream)
        count = 0
        for wanted, same in groupby(frames):
            frame = None
            for count, shown in decoded:
                if count > wanted:
                    frame = VideoFrame(_seconds(shown, wanted, stream, start), pixels.read(shown))
                    break
            if frame is None:
                raise _missing(path, wanted, count)
            for _ in same:
                yield frame


def _seconds(frame: av.VideoFrame, index: int, stream: av.VideoStream, start: Fraction) -> float:
    if frame.pts is None or stream.time_base is None:
        return float(index / stream.average_rate) if stream.average_rate else float("nan")
    return float((frame.pts - start) * stream.time_base)


def _missing(path: Path, wanted: int, count: int) -> InputError:
    if not count:
        return no_frames(path)
    return InputError(
        path,
        f"frame {wanted} is missing, the last one that can be decoded is {count - 1}",
        "check that the clips belong to this video and that it is complete",
    )
