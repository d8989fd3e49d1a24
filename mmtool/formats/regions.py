"""Regions of clips in a features file: compressed arrays (N, K, R, …), one chunk per clip.

There are N clips, K frames per clip and up to R regions per frame; entries beyond ``region_count`` (N, K)
are zero. A clip can be read without the others.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtool.errors import InputError
from mmtool.formats.features import FeaturesFile

KEEP = "run `mmtool extract --keep-regions` with the options that the file was made with"
COUNT = "region_count"
ARRAYS = ("boxes", "scores", "labels", "attributes", "region_features")


@dataclass(frozen=True, slots=True)
class FrameRegions:
    """The R regions of one frame.

    Attributes:
        boxes: (R, 4): x1, y1, x2, y2 in pixels.
        scores: (R,): confidence of the detector.
        labels: (R,): class ids of the encoder.
        attributes: (R,): attribute ids of the encoder; None if it has no attributes.
        features: (R, D), in the precision in which they were stored.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int32]
    attributes: NDArray[np.int32] | None
    features: NDArray[np.floating[Any]]


def read_regions(file: FeaturesFile, id: str, clip: int) -> list[FrameRegions]:
    """Return the regions of each of the K frames of a clip; only the chunks of this clip are read.

    Raises:
        InputError: The file stores no regions of ``id``, or features that are not finite numbers.
        IndexError: There is no such clip.
    """
    arrays = file.read_row(id, (COUNT, *ARRAYS), clip)
    if COUNT not in arrays:
        raise InputError(file.path, f"stores no regions of {id!r}", KEEP)
    if np.ndim(arrays[COUNT]) == 0:  # a single frame per clip, stored without that axis
        arrays = {name: np.asarray(array)[None] for name, array in arrays.items()}
    frames = [_frame(arrays, part, int(count)) for part, count in enumerate(arrays[COUNT])]
    if not all(np.isfinite(frame.features).all() for frame in frames):
        problem = f"stores features of regions of {id!r} that are not finite"
        raise InputError(file.path, problem, "run `mmtool extract --keep-regions --force`")
    return frames


def count_regions(file: FeaturesFile, name: str) -> Counter[int]:
    """Count each id of ``labels`` or ``attributes`` in the file; empty if none are stored."""
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
