"""What a features file stores of a clip → the tokens that a matcher reads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtool.matching.inputs import BOX, ClipInput


@dataclass(frozen=True, slots=True)
class FrameTokens:
    """The regions of one frame, the best first: features (R, D) and boxes (R, 4) as shares of the frame."""

    features: NDArray[np.floating]
    boxes: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scaling:
    """Brings features to mean 0 and deviation 1, as fitted to the tokens of the training films."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    def __call__(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        scaled: NDArray[np.float32] = (features.astype(np.float32) - self.mean) / self.deviation
        return scaled


def fit_scaling(parts: Sequence[NDArray[np.floating]]) -> Scaling:
    """Fit to features (R, D) of many clips; a dimension without any deviation is left as it is.

    Raises ValueError where there are no features at all.
    """
    count = sum(len(part) for part in parts)
    if not count:
        raise ValueError("no features")
    mean = sum(part.sum(axis=0, dtype=np.float64) for part in parts) / count
    variance = sum(np.square(part - mean).sum(axis=0, dtype=np.float64) for part in parts) / count
    deviation = np.sqrt(variance)
    deviation = np.where(deviation > 1e-6 * max(1.0, float(np.abs(mean).max())), deviation, 1.0)
    return Scaling(np.asarray(mean, np.float32), deviation.astype(np.float32))


def of_frames(frames: Sequence[FrameTokens], *, most: int, scaling: Scaling, columns: int) -> ClipInput:
    """The tokens of a clip: at most ``most`` regions, equally many of each frame, the best first.

    Args:
        frames: Its K frames.
        most: The greatest number of regions.
        scaling: Of features.
        columns: How many frames relative positions can tell apart; later ones count as the last.
    """
    each = -(-most // max(1, len(frames)))
    kept = [FrameTokens(frame.features[:each], frame.boxes[:each].astype(np.float32)) for frame in frames]
    numbers = np.repeat(np.arange(len(kept)), [len(frame.features) for frame in kept])[:most]
    if not len(numbers):
        return _empty(len(scaling.mean))
    boxes = np.concatenate([frame.boxes for frame in kept])[:most]
    return ClipInput(
        scaling(np.concatenate([frame.features for frame in kept])[:most]),
        np.concatenate([boxes, boxes[:, 2:] - boxes[:, :2]], axis=1),
        np.stack([np.zeros_like(numbers), np.minimum(numbers, columns - 1)], axis=1),
        ((numbers + 0.5) / len(kept)).astype(np.float32),
    )


def of_whole_frames(features: NDArray[np.floating], *, scaling: Scaling, columns: int) -> ClipInput:
    """The tokens of a clip whose K frames have one feature each (K, D); see :func:`of_frames`."""
    frames = [FrameTokens(row[None], np.zeros((1, 4), np.float32)) for row in features]
    return of_frames(frames, most=len(frames), scaling=scaling, columns=columns)


def of_clip(features: NDArray[np.floating], *, scaling: Scaling) -> ClipInput:
    """The one token of a clip whose feature (D,) is all that is known of it."""
    return ClipInput(
        scaling(features[None]),
        np.zeros((1, BOX), np.float32),
        np.zeros((1, 2), np.int64),
        np.full(1, 0.5, np.float32),
    )


def _empty(dimension: int) -> ClipInput:
    return ClipInput(
        np.zeros((0, dimension), np.float32),
        np.zeros((0, BOX), np.float32),
        np.zeros((0, 2), np.int64),
        np.zeros(0, np.float32),
    )
