"""Frames of films, or sequences of them, decoded ahead, in batches that cross clips and films."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mmtool.encoders.contract import Frame, FrameSequence, Sampling
from mmtool.errors import InputError
from mmtool.records import Clip, Failure
from mmtool.video.frames import read_clip_frames
from mmtool.video.sequences import read_clip_sequences

AHEAD = 2  # batches that are decoded while the model encodes another

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class FilmClips:
    """A video with its clips; ``title`` names it in progress bars."""

    id: str
    path: Path
    clips: tuple[Clip, ...]
    title: str


@dataclass(frozen=True, slots=True)
class FilmFrames:
    """What an encoder sees of one part of a film's clip: a frame, or a sequence, and the times of frames."""

    film: FilmClips
    clip: int
    part: int
    times: tuple[float, ...]
    seen: Frame | FrameSequence

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a frame."""
        return (self.seen.frames[0] if isinstance(self.seen, FrameSequence) else self.seen).shape


def frame_batches(
    films: Iterable[FilmClips], *, per_clip: int, batch_size: int, sampling: Sampling | None = None
) -> Iterator[list[FilmFrames] | Failure]:
    """Yield all frames in batches of up to ``batch_size``, and a failure for each film that fails.

    All frames of a batch have the same size (H, W). With a ``sampling``, sequences take the place of frames.
    """
    waiting: list[FilmFrames] = []
    for item in _ahead(_decode(films, per_clip, sampling), AHEAD * batch_size):
        if isinstance(item, Failure):
            yield item
            continue
        if waiting and waiting[0].shape != item.shape:
            yield waiting
            waiting = []
        waiting.append(item)
        if len(waiting) == batch_size:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _decode(
    films: Iterable[FilmClips], per_clip: int, sampling: Sampling | None
) -> Iterator[FilmFrames | Failure]:
    for film in films:
        try:
            yield from _frames(film, per_clip) if sampling is None else _sequences(film, per_clip, sampling)
        except InputError as error:
            yield Failure(film.id, str(error))


def _frames(film: FilmClips, per_clip: int) -> Iterator[FilmFrames]:
    for found in read_clip_frames(film.path, film.clips, per_clip):
        frame = found.frame
        yield FilmFrames(film, found.clip, found.part, (frame.time,), frame.pixels)


def _sequences(film: FilmClips, per_clip: int, sampling: Sampling) -> Iterator[FilmFrames]:
    for found in read_clip_sequences(
        film.path,
        film.clips,
        per_clip,
        length=sampling.length,
        spacing=sampling.spacing,
        shorter_side=sampling.shorter_side,
    ):
        times = tuple(frame.time for frame in found.frames)
        seen = FrameSequence([frame.pixels for frame in found.frames], times)
        yield FilmFrames(film, found.clip, found.part, times, seen)


def _ahead(items: Iterator[Item], count: int) -> Iterator[Item]:
    """Yield the items of an iterator, which a thread runs up to ``count`` items ahead."""
    pool = ThreadPoolExecutor(1)
    try:
        waiting = deque(pool.submit(next, items, None) for _ in range(count))
        while (item := waiting.popleft().result()) is not None:
            waiting.append(pool.submit(next, items, None))
            yield item
    finally:
        pool.shutdown(cancel_futures=True)
