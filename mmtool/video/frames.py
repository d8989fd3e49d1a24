"""Exact frames of a video, and which frame stands for a clip."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmtool.errors import InputError
from mmtool.records import Clip
from mmtool.video.probe import VideoInfo
from mmtool.video.stream import FrameStream, no_frames, open_stream, quiet


def central_frame(clip: Clip) -> int:
    """Return the middle of ``[start_frame, end_frame)``; ``ValueError`` if the clip has only times."""
    if clip.start_frame is None or clip.end_frame is None:
        raise ValueError("the clip's frames are unknown, clip_frames derives them")
    return (clip.start_frame + clip.end_frame) // 2


def clip_frames(info: VideoInfo, clips: Sequence[Clip]) -> list[int]:
    """Return the middle frame of each of the N clips.

    Where only times are known, their frames follow from the video's frame rate: exactly if it is
    constant.
    """
    return [central_frame(_with_frames(clip, info.frame_rate)) for clip in clips]


def read_frames(path: Path, frames: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames (H, W, 3), RGB, at non-decreasing indices, counted from 0 in decoding order.

    Every frame in between is decoded too: seeking by frame index misses in MPEG streams and where
    the frame rate varies, and with a frame wanted every few seconds it would hardly save time.

    Raises ``InputError`` that names the frame if the video ends before it, ``ValueError`` if the
    indices are negative or decrease.
    """
    with open_stream(path) as stream:
        index, frame = -1, np.empty((0, 0, 3), np.uint8)
        for wanted in frames:
            if wanted < max(index, 0):
                raise ValueError(f"frame indices must not decrease: {wanted} after {index}")
            if wanted > index:
                index, frame = wanted, _frame_at(stream, path, wanted)
            yield frame


def _with_frames(clip: Clip, frame_rate: float) -> Clip:
    if clip.start_frame is not None and clip.end_frame is not None:
        return clip
    first, end = round(clip.start * frame_rate), round(clip.end * frame_rate)
    if first >= end:  # shorter than a frame: the frame on the screen at its start
        first = math.floor(clip.start * frame_rate)
        end = first + 1
    return replace(clip, start_frame=first, end_frame=end)


def _frame_at(stream: FrameStream, path: Path, wanted: int) -> NDArray[np.uint8]:
    frame: NDArray[np.uint8] | bool = True
    with quiet():
        while frame is not False and len(stream.times) <= wanted:
            frame = stream.read(decode=len(stream.times) == wanted)
    if isinstance(frame, bool):
        if not stream.times:
            raise no_frames(path)
        raise InputError(
            path,
            f"frame {wanted} is missing, the last that can be decoded is {len(stream.times) - 1}",
            "check that the clips belong to this video and that it is complete",
        )
    return np.ascontiguousarray(frame[..., ::-1])  # BGR to RGB
