"""The regions of clips in a features file: arrays (N, K, R, …), one clip a chunk, compressed.

N clips, K frames a clip, up to R regions a frame; entries beyond ``region_count`` (N, K) are zero. One clip
is read without the others.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtool.errors import InputError
from mmtool.formats.features import FeaturesFile

COUNT = "region_count"
ARRAYS = ("boxes", "scores", "labels", "attributes", "region_features")


@dataclass(frozen=True, slots=True)
class FrameRegions:
    """The R regions of one frame.

    ``boxes`` (R, 4) are x1, y1, x2, y2 in pixels; ``scores`` (R,); ``labels`` and ``attributes`` (R,) are ids
    of the encoder's, the latter None where it knows none; ``features`` (R, D) are of the precision in which
    they were kept.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int32]
    attributes: NDArray[np.int32] | None
    features: NDArray[np.floating[Any]]


def read_regions(file: FeaturesFile, id: str, clip: int) -> list[FrameRegions]:
    """Return the regions of each of a clip's K frames; of the file, only this clip's chunks are read.

    Raises InputError where no regions were kept, IndexError where there is no such clip.
    """
    arrays = file.read_row(id, (COUNT, *ARRAYS), clip)
    if COUNT not in arrays:
        raise InputError(file.path, f"keeps no regions of {id!r}", "extract them with --keep-regions")
    if np.ndim(arrays[COUNT]) == 0:  # a file from before there were several frames a clip
        arrays = {name: np.asarray(array)[None] for name, array in arrays.items()}
    return [_frame(arrays, part, int(count)) for part, count in enumerate(arrays[COUNT])]


def count_regions(file: FeaturesFile, name: str) -> Counter[int]:
    """How often each id of ``labels`` or ``attributes`` stands in the file; empty where none are kept."""
    counts: Counter[int] = Counter()
    for id in file.ids():
        ids, regions = file.read_array(id, name), file.read_array(id, COUNT)
        if ids is not None and regions is not None:
            kept = np.arange(ids.shape[-1]) < regions[..., None]  # (N, K, R)
            counts.update(ids[kept].tolist())
    return counts


def _frame(arrays: dict[str, NDArray[Any]], part: int, count: int) -> FrameRegions:
    return FrameRegions(
        boxes=arrays["boxes"][part, :count],
        scores=arrays["scores"][part, :count],
        labels=arrays["labels"][part, :count],
        attributes=arrays["attributes"][part, :count] if "attributes" in arrays else None,
        features=arrays["region_features"][part, :count],
    )
