"""Frames, or sequences of them → the features of a film's clips."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mmtool.choices import RegionPrecision
from mmtool.encoders.contract import (
    MAX_REGIONS,
    EncodedFrames,
    Features,
    PixelEncoder,
    Regions,
    SequenceEncoder,
)
from mmtool.formats.features import FeatureGroup
from mmtool.formats.frame_features import FRAME_FEATURES
from mmtool.memory import lacks_gpu_memory
from mmtool.records import Failure, Progress, silent
from mmtool.stages.extract.frame_batches import FilmClips, FilmFrames, frame_batches
from mmtool.stages.shared.gpus import device_with_name

STORED_AS: dict[RegionPrecision, DTypeLike] = {
    RegionPrecision.FP32: np.float32,
    RegionPrecision.FP16: np.float16,
}


def encode_films(
    films: Iterable[FilmClips],
    encoder: PixelEncoder[Any],
    *,
    per_clip: int,
    batch_size: int,
    region_precision: RegionPrecision | None,
    keep_frames: bool = False,
    progress: Progress = silent,
) -> Iterator[tuple[str, FeatureGroup | Failure]]:
    """Yield each film's id with its features, or with the reason why it failed.

    A clip's features depend only on its frames: the encoder gets batches of one size, padded with copies.

    Args:
        films: The films with their clips.
        encoder: The encoder of frames or of sequences.
        per_clip: Frames, or sequences, per clip (K).
        batch_size: Frames or sequences encoded at a time.
        region_precision: Precision of stored region features; None to store no regions.
        keep_frames: Whether the features of each frame or sequence are stored beside their mean.
        progress: Hears how many clips of a film are encoded.
    """
    begun: dict[str, FilmFeatures] = {}
    device = device_with_name(encoder.device)
    failed: set[str] = set()  # films whose frames may still be in a batch
    sampling = encoder.sampling if isinstance(encoder, SequenceEncoder) else None
    batches = frame_batches(films, per_clip=per_clip, batch_size=batch_size, sampling=sampling)
    for found in _encoded(batches, encoder, batch_size):
        if isinstance(found, Failure):
            begun.pop(found.id, None)
            failed.add(found.id)
            yield found.id, found
            continue
        batch, encoded = found
        for row, item in enumerate(batch):
            film = item.film
            if film.id in failed:
                continue
            if film.id not in begun:
                begun[film.id] = FilmFeatures(
                    film, per_clip, region_precision, device, keep_frames=keep_frames
                )
            regions = encoded.regions[row] if encoded.regions and region_precision else None
            begun[film.id].add(item, encoded.features[row], regions)
            if begun[film.id].complete:
                yield film.id, begun.pop(film.id).group()
        last = batch[-1]
        progress(last.film.title, last.clip + 1, len(last.film.clips), "clips")


def _encoded(
    batches: Iterable[list[FilmFrames] | Failure], encoder: PixelEncoder[Any], batch_size: int
) -> Iterator[tuple[list[FilmFrames], EncodedFrames] | Failure]:
    """Yield batches with their features; the encoder may begin some before earlier ones are finished."""
    begun: deque[tuple[list[FilmFrames], Callable[[], EncodedFrames]]] = deque()

    def finished(left: int) -> Iterator[tuple[list[FilmFrames], EncodedFrames]]:
        while len(begun) > left:
            batch, finish = begun.popleft()
            yield batch, finish()

    for batch in batches:
        if isinstance(batch, Failure):
            yield from finished(0)
            yield batch
            continue
        seen = [item.seen for item in batch]
        begun.append((batch, _begun(encoder, seen + seen[-1:] * (batch_size - len(batch)))))
        yield from finished(encoder.ahead)
    yield from finished(0)


def _begun(encoder: PixelEncoder[Any], frames: list[Any]) -> Callable[[], EncodedFrames]:
    """Begin a batch; if it is too large for the memory of a GPU, encode its halves one after the other."""
    try:
        return encoder.begin(frames)
    except RuntimeError as error:
        if len(frames) == 1 or not lacks_gpu_memory(error):
            raise
    half = len(frames) // 2  # outside the handler, which holds the tensors of the attempt
    halves = [encoder.encode(part) for part in (frames[:half], frames[half:])]
    features = np.concatenate([encoded.features for encoded in halves])
    regions = [each for encoded in halves for each in encoded.regions or []]
    together = EncodedFrames(features, regions or None)
    return lambda: together


class FilmFeatures:
    """Collects the features of the K frames, or sequences, of each of a film's N clips."""

    def __init__(
        self,
        film: FilmClips,
        per_clip: int,
        region_precision: RegionPrecision | None,
        device: str,
        *,
        keep_frames: bool,
    ) -> None:
        self._film, self._device, self._keep_frames = film, device, keep_frames
        self._shape = (len(film.clips), per_clip)
        self._missing = len(film.clips) * per_clip
        self._stored_as = STORED_AS[region_precision or RegionPrecision.FP32]
        self._times: NDArray[np.float64] = np.zeros((0,), np.float64)
        self._features: Features = np.zeros((0,), np.float32)
        self._regions: dict[str, NDArray[np.generic]] = {}

    @property
    def complete(self) -> bool:
        return self._missing == 0

    def add(self, item: FilmFrames, features: Features, regions: Regions | None) -> None:
        """Add the features (D,) of a frame or sequence and, if they are stored, the frame's regions."""
        if not self._features.size:
            self._features = np.zeros((*self._shape, len(features)), np.float32)
            self._times = np.zeros((*self._shape, len(item.times)), np.float64)
        place = item.clip, item.part
        self._times[place] = item.times
        self._features[place] = features
        if regions is not None:
            self._add_regions(place, regions)
        self._missing -= 1

    def _add_regions(self, place: tuple[int, int], regions: Regions) -> None:
        """Fill arrays (N, K, 36, …), which are zero beyond each frame's ``region_count``."""
        arrays = {
            "boxes": regions.boxes,
            "scores": regions.scores,
            "labels": regions.labels,
            "region_features": regions.features.astype(self._stored_as),
        }
        if regions.attributes is not None:
            arrays["attributes"] = regions.attributes
        for name, array in arrays.items():
            if name not in self._regions:
                self._regions[name] = np.zeros((*self._shape, MAX_REGIONS, *array.shape[1:]), array.dtype)
            self._regions[name][place][: len(array)] = array
        counts = self._regions.setdefault("region_count", np.zeros(self._shape, np.int64))
        counts[place] = len(regions.boxes)

    def group(self) -> FeatureGroup:
        """The features of the film, each clip's being the mean over its K frames or sequences."""
        return FeatureGroup(
            self._features.mean(axis=1),
            np.array([clip.interval for clip in self._film.clips], dtype=np.float64),
            extras=self._regions | ({FRAME_FEATURES: self._features} if self._keep_frames else {}),
            frame_times=self._times.reshape(len(self._film.clips), -1),
            device=self._device,
        )
