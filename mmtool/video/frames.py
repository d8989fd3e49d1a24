"""Exact frames of a video, and which frames stand for a clip."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path

import av

from mmtool.errors import InputError
from mmtool.records import Clip
from mmtool.video.pixels import PixelReader, Pixels
from mmtool.video.reach import data_end
from mmtool.video.seeking import SeekableVideo
from mmtool.video.stream import no_frames, no_video
from mmtool.video.timeline import (
    FrameTimesUnknownError,
    Timeline,
    decode_all,
    film_start,
    open_video,
    read_timeline,
)

SAME_TIME = 1e-3  # seconds
LAST_STAYS = 1.0  # seconds that the last frame may be shown where its packet does not tell


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """A frame's ``time`` in seconds and its ``pixels`` (H, W, 3), RGB."""

    time: float
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class ClipFrame:
    """The frame that stands for one of the equal parts of a clip."""

    clip: int
    part: int
    frame: VideoFrame


def read_clip_frames(path: Path, clips: Sequence[Clip], per_clip: int = 1) -> Iterator[ClipFrame]:
    """Yield ``per_clip`` frames of each of N clips, in the order of the video.

    Raises InputError for what is no video, or one that ends before the clips.
    """
    timeline = timeline_of(path, clips)
    counted = all(clip.start_frame is not None for clip in clips)
    clock = timeline or (None if counted else decode_timeline(path))
    if clock is not None:
        _check_reach(path, clock, clips)
    wanted = sorted(
        (index, clip, part)
        for clip, known in enumerate(clips)
        for part, index in enumerate(clip_frames(clock, known, per_clip))
    )
    frames = read_frames(path, [index for index, _, _ in wanted], timeline)
    for (_, clip, part), frame in zip(wanted, frames, strict=True):
        yield ClipFrame(clip, part, frame)


def _check_reach(path: Path, clock: Timeline, clips: Sequence[Clip]) -> None:
    """Raise InputError for a clip that has only times, and those after the end of the film's data."""
    start = max((clip.start for clip in clips if clip.start_frame is None), default=0.0)
    if start > clock.seconds(-1) and start >= (end := data_end(path)) + LAST_STAYS:
        raise InputError(
            path,
            f"has nothing after {end:.2f} s, but a clip at {start:.2f} s",
            "check that the clips belong to this video and that it is complete",
        )


def clip_frames(clock: Timeline | None, clip: Clip, per_clip: int = 1) -> list[int]:
    """Return the central frames of ``per_clip`` equal parts of a clip; some twice where it has fewer.

    A clip that has only times consists of the frames that are shown then, as the clock tells.
    """
    first, end = clip.start_frame, clip.end_frame
    if first is None or end is None:
        if clock is None:
            raise ValueError("a clip without frames needs a clock")
        first, end = clock.edge(clip.start), clock.edge(clip.end)
        if first >= end:  # shorter than a frame: the one on the screen at its start
            first = clock.shown_at(clip.start)
            end = first + 1
    return [first + (2 * part + 1) * (end - first) // (2 * per_clip) for part in range(per_clip)]


def timeline_of(path: Path, clips: Sequence[Clip]) -> Timeline | None:
    """Return the video's timeline; None where its frames can only be counted by decoding all of them.

    The clips were found by decoding all. A timeline that has their first frames at the same times counts
    as the decoder did; frames that are damaged beyond decoding, which no packet shows, come to light here.
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
    """Return the timeline of a video whose packets do not tell it, from decoding it all; it has no keys."""
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
        raise InputError(path, "its frames do not say when they are shown", "re-encode it")
    return Timeline(pts=known, keys=[], start=start, time_base=base)


def read_frames(path: Path, frames: Sequence[int], timeline: Timeline | None) -> Iterator[VideoFrame]:
    """Yield frames at non-decreasing indices, counted from 0 in the order of presentation.

    With a timeline each is decoded from the key frame before it. Without one, and from the first frame
    on where decoding contradicts it, all frames are decoded from the start of the video.

    Raises ``InputError`` that names the frame if the video ends before it, ``ValueError`` if the
    indices are negative or decrease.
    """
    for before, after in pairwise([0, *frames]):
        if after < before:
            raise ValueError(f"frame indices must not decrease: {after} after {before}")
    pixels, done = PixelReader(), 0
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
        raise InputError(path, "has a frame that does not become pixels", "re-encode it") from error


def _count_frames(path: Path, frames: Sequence[int], pixels: PixelReader) -> Iterator[VideoFrame]:
    """Yield frames by their index among all that can be decoded."""
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
        f"frame {wanted} is missing, the last that can be decoded is {count - 1}",
        "check that the clips belong to this video and that it is complete",
    )
