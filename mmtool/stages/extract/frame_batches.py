"""Frames of films, decoded ahead, in batches that cross clips and films."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mmtool.errors import InputError
from mmtool.records import Clip, Failure
from mmtool.video.frames import ClipFrame, read_clip_frames

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
class FilmFrame:
    """A frame of a film's clip."""

    film: FilmClips
    found: ClipFrame


def frame_batches(
    films: Iterable[FilmClips], *, per_clip: int, batch_size: int
) -> Iterator[list[FilmFrame] | Failure]:
    """Yield all frames in batches of up to ``batch_size``, and a failure for each film that fails.

    All frames of a batch have the same size (H, W).
    """
    waiting: list[FilmFrame] = []
    for item in _ahead(_decode(films, per_clip), AHEAD * batch_size):
        if isinstance(item, Failure):
            yield item
            continue
        if waiting and waiting[0].found.frame.pixels.shape != item.found.frame.pixels.shape:
            yield waiting
            waiting = []
        waiting.append(item)
        if len(waiting) == batch_size:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _decode(films: Iterable[FilmClips], per_clip: int) -> Iterator[FilmFrame | Failure]:
    for film in films:
        try:
            for found in read_clip_frames(film.path, film.clips, per_clip):
                yield FilmFrame(film, found)
        except InputError as error:
            yield Failure(film.id, str(error))


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
