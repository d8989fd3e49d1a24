"""Frames by index, decoded from the key frame before them instead of from the start of the film."""

from collections.abc import Iterator
from itertools import chain

import av
import av.container

from mmtool.video.containers import FrameTimesUnknownError
from mmtool.video.timeline import Timeline

SEEK_COST = 12  # frames that can be decoded in the time of a seek (measured: 15, at 720 lines)
STEPS_BACK = (0, 1, 2, 4, 8)  # how many key frames further back a seek is tried


class SeekableVideo:
    """The frames of an open video; each decoded frame must be the one that the timeline names.

    Raises FrameTimesUnknownError for a frame that is another one, or damaged.
    """

    def __init__(
        self, container: av.container.InputContainer, stream: av.VideoStream, timeline: Timeline
    ) -> None:
        self._container, self._stream, self._timeline = container, stream, timeline
        self._run = _decode(container.demux(stream))
        self._next = 0  # index of the next frame of the run

    def frame(self, index: int) -> av.VideoFrame:
        """Return a frame by its index, in any order.

        Frames that are only a little ahead are reached by decoding, others by seeking to a key frame.
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
        """Start a run at a key frame; frames shown before it refer to the previous group of pictures."""
        if number < 0:
            raise FrameTimesUnknownError
        pts = self._timeline.keys[number].pts
        run = _decode(self._packets_from(number))
        first = next((frame for frame in run if frame.pts is None or frame.pts >= pts), None)
        if first is None or (first.pts == pts and not first.key_frame):
            raise FrameTimesUnknownError
        self._run, self._next = chain([first], run), self._index_of_key(number)

    def _packets_from(self, number: int) -> Iterator["av.Packet[av.VideoStream]"]:
        """The packets from the key frame's own onwards.

        Containers without an index guess where a time is, and a seek may land after it; then it is tried
        again from further back.
        """
        key = self._timeline.keys[number]
        for back in STEPS_BACK:
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
