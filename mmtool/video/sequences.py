"""Sequences of frames that represent clips."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmtool.records import Clip
from mmtool.video.containers import film_errors
from mmtool.video.frames import VideoFrame, clocks_of, frame_range, read_frames
from mmtool.video.timeline import Timeline

ROUNDING = 1e-4  # seconds by which the time of a frame may be too early when it is computed again


@dataclass(frozen=True, slots=True)
class ClipSequence:
    """The L frames that represent one of the equal parts of a clip, in order of time."""

    clip: int
    part: int
    frames: tuple[VideoFrame, ...]


def read_clip_sequences(
    path: Path,
    clips: Sequence[Clip],
    per_clip: int,
    *,
    length: int,
    spacing: float | None,
    shorter_side: int,
) -> Iterator[ClipSequence]:
    """Yield ``per_clip`` sequences of each of N clips, in the order in which they end in the video.

    Args:
        path: The video.
        clips: Its clips.
        per_clip: Sequences of each clip, one for each of as many equal parts.
        length: Frames of a sequence (L).
        spacing: Seconds between two frames, around the middle of the part; None to spread them evenly over
            the part. No frame is outside the clip: its first or last frame is repeated instead.
        shorter_side: Pixels to which the shorter side of larger frames is scaled.

    Raises:
        InputError: The file is not a video, or ends before the clips.
    """
    with film_errors(path):
        timeline, clock = clocks_of(path, clips, needed=True)
        wanted = sorted(
            (
                (sequence_frames(clock, known, part, per_clip, length=length, spacing=spacing), clip, part)
                for clip, known in enumerate(clips)
                for part in range(per_clip)
            ),
            key=lambda each: each[0][-1],
        )
        uses = Counter(index for indices, _, _ in wanted for index in indices)
        frames = sorted(uses)
        read = zip(frames, read_frames(path, frames, timeline, shorter_side=shorter_side), strict=True)
        held: dict[int, VideoFrame] = {}
        for indices, clip, part in wanted:
            while indices[-1] not in held:
                index, frame = next(read)
                held[index] = frame
            yield ClipSequence(clip, part, tuple(held[index] for index in indices))
            for index in indices:
                uses[index] -= 1
                if not uses[index]:
                    del held[index]


def sequence_frames(
    clock: Timeline | None, clip: Clip, part: int, per_clip: int, *, length: int, spacing: float | None
) -> list[int]:
    """The indices of the L frames of one of the equal parts of a clip, some twice where it has fewer.

    Raises ValueError for frames at a ``spacing`` without a clock.
    """
    first, end = frame_range(clock, clip)
    if spacing is None:
        parts = length * per_clip
        return [
            first + (2 * (part * length + place) + 1) * (end - first) // (2 * parts)
            for place in range(length)
        ]
    if clock is None:
        raise ValueError("frames at a spacing need a clock")
    middle = first + (2 * part + 1) * (end - first) // (2 * per_clip)
    start = clock.seconds(middle) - spacing * (length // 2)
    shown = (clock.shown_at(start + spacing * place + ROUNDING) for place in range(length))
    return [min(max(index, first), end - 1) for index in shown]
