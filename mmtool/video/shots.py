"""A video's shots: the clips between its cuts."""

import queue
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from mmtool.errors import InputError
from mmtool.records import Clip
from mmtool.video.causes import no_frames
from mmtool.video.containers import film_errors
from mmtool.video.detectors.contract import Detector, Frame
from mmtool.video.film_header import count_frames_before, read_header
from mmtool.video.opening import FilmStream, open_film
from mmtool.video.scores import FrameScores
from mmtool.video.stream import quiet
from mmtool.video.timeline import TOLERANCE

OnFrames = Callable[[int, int | None, float], None]
"""Called after each frame with the number of frames done, the number that the container claims (None if
unknown), and the frame rate."""

TIMESTAMP_JITTER = 1.0  # seconds; larger steps back come from streams that were joined
AHEAD = 4  # decoded frames that may wait to be scored


@dataclass(frozen=True, slots=True)
class Extent:
    """The part ``[start, end)`` of a film, in seconds from its start; None stands for its end."""

    start: float = 0.0
    end: float | None = None


WHOLE_FILM = Extent()


def score_frames(
    path: Path, detector: Detector, *, extent: Extent = WHOLE_FILM, on_frames: OnFrames | None = None
) -> FrameScores:
    """Decode a video, or a part of it, and score each frame.

    A video that is truncated or badly damaged ends where decoding does, before the ``frame_count`` of
    its header. Raises InputError if no frame can be decoded, or none is in the extent.
    """
    with open_film(path) as stream, quiet():
        header = read_header(path)
        start = extent.start - header.offset
        end = None if extent.end is None else extent.end - header.offset
        first = 0
        if start > 0:
            first = count_frames_before(path, extent.start)
            stream.skip_to(start, seek=header.indexed)
        rate, total = float(stream.frame_rate), _expected(stream, first, end)
        scores = []
        frames = _read_ahead(path, stream, end)
        try:
            for score in detector.scores(_reduced(frames, detector)):
                scores.append(score)
                if on_frames is not None:
                    on_frames(len(scores), total, rate)
        finally:
            frames.close()
        if not scores and extent.end is not None and len(stream.times):
            problem = f"no frame begins between {extent.start:g} s and {extent.end:g} s"
            raise InputError(path, problem, "correct `start` and `end`")
        if not scores and start > 0:
            raise InputError(path, f"ends before {extent.start:g} s", "correct `start`")
        if not scores:
            raise no_frames(path)
        if header.still and len(scores) == 1:
            raise InputError(path, "is a still image, not a film", "remove or rename it")
        times = np.asarray(stream.times)[: len(scores)]
        _check_order(path, times.tolist())
        return FrameScores(
            times=times,
            scores=np.asarray(scores),
            frame_rate=stream.frame_rate,
            first=first,
            offset=header.offset,
            claimed_end=header.least_end,
        )


def recall_scores(path: Path, *, first: int, times: Sequence[float], scores: Sequence[float]) -> FrameScores:
    """Use stored scores, whose times count from the start of the film; only the film's header is read."""
    with open_film(path, for_pixels=False) as stream:
        header = read_header(path)
        return FrameScores(
            times=np.round(np.asarray(times) - header.offset, 6),
            scores=np.asarray(scores),
            frame_rate=stream.frame_rate,
            first=first,
            offset=header.offset,
            claimed_end=header.least_end,
        )


def clips_of(scores: FrameScores, detector: Detector, *, min_clip_frames: int) -> list[Clip]:
    """Decide from the scores where the cuts are, and return the clips between them.

    Times are seconds from the start of the film, from presentation timestamps. Frame indices count
    decoded frames (PySceneDetect derives its own from timestamps: the same where the frame rate is
    constant). The first clip starts where the scores start, the last ends where they end; without cuts
    there is one clip.
    """
    cuts = detector.cuts(scores, min_clip_frames)
    edges = [0, *cuts, len(scores.times)]
    after = scores.times[-1] + float(1 / scores.frame_rate)
    times = [round(float(t) + scores.offset, 6) for t in (*scores.times[[0, *cuts]], after)]
    return [
        Clip(start, end, scores.first + first, scores.first + last)
        for (start, end), (first, last) in zip(pairwise(times), pairwise(edges), strict=True)
    ]


def pictures_end(path: Path) -> float:
    """When the last picture of a film ends, in seconds from the start of the film; by decoding everything.

    This is where the last clip of a detector ends. Raises InputError if no frame can be decoded.
    """
    with open_film(path, for_pixels=False) as stream, quiet():
        while not isinstance(stream.read(), bool):
            pass
        if not len(stream.times):
            raise no_frames(path)
        after = stream.times[-1] + float(1 / stream.frame_rate)
        return round(after + read_header(path).offset, 6)


def _expected(stream: FilmStream, first: int, end: float | None) -> int | None:
    count = stream.frame_count
    if end is not None:
        whole = round(end * float(stream.frame_rate))
        count = whole if count is None else min(count, whole)
    return None if count is None else max(0, count - first)


def _read_ahead(path: Path, stream: FilmStream, end: float | None) -> Generator[Frame, None, None]:
    """Yield frames while a thread decodes the next ones."""
    ready: queue.Queue[Frame | BaseException | None] = queue.Queue(AHEAD)
    stopped = threading.Event()

    def decode() -> None:
        try:
            with film_errors(path):
                for frame in _frames(stream, end):
                    ready.put(frame)
                    if stopped.is_set():
                        return
            ready.put(None)
        except BaseException as error:  # raised again in the thread that reads the frames
            ready.put(error)

    thread = threading.Thread(target=decode, daemon=True)
    thread.start()
    try:
        while (frame := ready.get()) is not None:
            if isinstance(frame, BaseException):
                raise frame
            yield frame
    finally:
        stopped.set()
        while thread.is_alive():  # it may be waiting for room in the queue
            while not ready.empty():
                ready.get_nowait()
            thread.join(timeout=0.05)


def _frames(stream: FilmStream, end: float | None) -> Iterator[Frame]:
    while not isinstance(frame := stream.read(), bool):
        if end is not None and stream.times[-1] >= end - TOLERANCE:
            return
        yield frame


def _reduced(frames: Iterator[Frame], detector: Detector) -> Iterator[Frame]:
    """Resize frames to the size that the detector reads."""
    size: tuple[int, int] | None = None
    for frame in frames:
        height, width, _ = frame.shape
        size = size or detector.frame_size(width, height)
        if size != (width, height):
            frame = np.asarray(cv2.resize(frame, size, interpolation=detector.interpolation), np.uint8)
        yield frame


def _check_order(path: Path, times: list[float]) -> None:
    if any(later < earlier - TIMESTAMP_JITTER for earlier, later in pairwise(times)):
        raise InputError(path, "its timestamps run backwards", "re-encode it (ffmpeg -i OLD NEW.mp4)")
