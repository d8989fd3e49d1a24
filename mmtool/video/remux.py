"""A piece of a film from a key frame on, copied packet by packet, without decoding it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import av
import av.container
from av.stream import Stream

from mmtool.video.containers import FrameTimesUnknownError, open_video
from mmtool.video.timeline import MOST_REORDERED, Timeline

STEPS_BACK = (0, 1, 3, None)  # how many key frames further back a seek is tried; None: from the start
SOUND_AHEAD = 0.5  # seconds of sound that may be stored before the pictures which they belong to

Packet: TypeAlias = "av.Packet[Stream]"


def copy_from_key(path: Path, output: Path, timeline: Timeline, *, key: int, end: float, format: str) -> None:
    """Copy the first tracks of pictures and sound from a key frame to ``end``, in seconds of the film.

    Unlike a seek by time, which is a guess in containers without an index, this finds the very packet.
    Pictures that are stored after the key frame but shown before it cannot be decoded and are left out;
    a few pictures after ``end`` stay in if others need them.

    Raises FrameTimesUnknownError if the film or the container to write does not allow it.
    """
    try:
        for back in STEPS_BACK:
            with (
                open_video(path) as (container, pictures),
                av.open(str(output), "w", format=format, options={"avoid_negative_ts": "make_zero"}) as out,
            ):
                wanted: list[Stream] = [pictures, *container.streams.audio[:1]]
                copies = {stream.index: out.add_stream_from_template(stream) for stream in wanted}
                if back is not None:
                    ahead = round(SOUND_AHEAD / timeline.time_base)
                    container.seek(timeline.keys[max(0, key - back)].seek - ahead, stream=pictures)
                zero = timeline.seconds_of(timeline.keys[key].pts)
                written = 0
                for packet in _piece(container.demux(wanted), pictures, timeline, key, end):
                    if packet.time_base is None:
                        raise FrameTimesUnknownError
                    shift = round((timeline.start * timeline.time_base + zero) / packet.time_base)
                    packet.pts = None if packet.pts is None else packet.pts - shift
                    packet.dts = None if packet.dts is None else packet.dts - shift
                    packet.stream = copies[packet.stream.index]
                    out.mux(packet)
                    written += 1
            if written:
                return
    except (av.FFmpegError, ValueError) as error:
        raise FrameTimesUnknownError from error
    raise FrameTimesUnknownError


def _piece(
    packets: "Iterator[Packet]", pictures: Stream, timeline: Timeline, key: int, end: float
) -> "Iterator[Packet]":
    """The packets of the piece in the order of the file; none if the key frame is behind."""
    first = timeline.keys[key]
    from_start = timeline.seconds_of(first.pts)
    sound: list[Packet] = []  # stored before the key frame, but heard with it or after
    late: list[Packet] = []  # pictures after the end, which those that follow may need
    begun = False
    for packet in packets:
        if not packet.size or packet.time_base is None:
            continue
        if packet.stream.index != pictures.index:
            if packet.pts is None:
                continue
            heard = float(packet.pts * packet.time_base - timeline.start * timeline.time_base)
            if from_start - 1e-3 <= heard < end:
                if begun:
                    yield packet
                else:
                    sound.append(packet)
            continue
        if packet.pts is None:
            raise FrameTimesUnknownError
        if not begun:
            if packet.is_keyframe and packet.pts == first.pts and packet.size == first.size:
                begun = True
                yield packet
                yield from sound
            elif packet.is_keyframe and packet.pts > first.pts:
                return
        elif packet.pts >= first.pts:
            late.append(packet)
            if timeline.seconds_of(packet.pts) < end:
                yield from late
                late = []
            elif len(late) > MOST_REORDERED:
                return
