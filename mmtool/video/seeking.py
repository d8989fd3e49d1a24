"""Frames by index, decoded from the key frame before instead of from the start of the film."""

from collections.abc import Iterator
from itertools import chain

import av
import av.container

from mmtool.video.timeline import FrameTimesUnknownError, Timeline

SEEK_COST = 12  # frames that are decoded in the time of a seek (measured: 15, at 720 lines)
BACK = (0, 1, 2, 4, 8)  # key frames further back at which a seek is tried


class SeekableVideo:
    """The frames of an open video; each that is decoded has to be the one that the timeline names.

    FrameTimesUnknownError says that it is not, or that it is damaged.
    """

    def __init__(
        self, container: av.container.InputContainer, stream: av.VideoStream, timeline: Timeline
    ) -> None:
        self._container, self._stream, self._timeline = container, stream, timeline
        self._run = _decode(container.demux(stream))
        self._next = 0  # index of the frame that the run brings next

    def frame(self, index: int) -> av.VideoFrame:
        """Return a frame by its index, in any order.

        A frame before the next key frame, or only little behind it, is decoded on to; others are sought.
        """
        if not 0 <= index < len(self._timeline.pts):
            raise FrameTimesUnknownError
        number = self._timeline.key_of(index)
        if index < self._next or self._index_of_key(number) - self._next > SEEK_COST:
            self._begin_at(number)
        while self._next < index:
            self._expected()
        return self._expected()

    def _index_of_key(self, number: int) -> int:
        return self._timeline.first_from(self._timeline.keys[number].pts) if number >= 0 else 0

    def _expected(self) -> av.VideoFrame:
        frame = next(self._run, None)
        if frame is None or frame.pts != self._timeline.pts[self._next] or frame.is_corrupt:
            raise FrameTimesUnknownError
        self._next += 1
        return frame

    def _begin_at(self, number: int) -> None:
        """Start a run at a key frame; what its group shows before it refers to the group before."""
        if number < 0:
            raise FrameTimesUnknownError
        pts = self._timeline.keys[number].pts
        run = _decode(self._packets_from(number))
        first = next((frame for frame in run if frame.pts is None or frame.pts >= pts), None)
        if first is None or (first.pts == pts and not first.key_frame):
            raise FrameTimesUnknownError
        self._run, self._next = chain([first], run), self._index_of_key(number)

    def _packets_from(self, number: int) -> Iterator["av.Packet[av.VideoStream]"]:
        """The packets from a key frame's own on.

        Containers without an index guess where a time is, and a seek may land behind it: then from
        further back.
        """
        key = self._timeline.keys[number]
        for back in BACK:
            self._container.seek(self._timeline.keys[max(0, number - back)].seek, stream=self._stream)
            packets = self._container.demux(self._stream)
            for packet in packets:
                if packet.is_keyframe and packet.pts == key.pts and packet.size == key.size:
                    return chain([packet], packets)
                if packet.is_keyframe and packet.pts is not None and packet.pts > key.pts:
                    break
        raise FrameTimesUnknownError


def _decode(packets: Iterator["av.Packet[av.VideoStream]"]) -> Iterator[av.VideoFrame]:
    for packet in packets:
        yield from packet.decode()
