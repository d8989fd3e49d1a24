"""What a features file stores of a clip → the tokens that a matcher reads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtool.matching.inputs import BOX, ClipInput

WHOLE = np.array([0, 0, 1, 1], np.float32)  # the box of a frame


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


def features_of_frames(frames: Sequence[FrameTokens], *, most: int) -> NDArray[np.float32]:
    """The features (R, D) of a clip's tokens before they are scaled, as :func:`of_frames` takes them."""
    there = [frame.features for frame in frames if len(frame.features)]
    if not there:
        return np.zeros((0, frames[0].features.shape[1] if frames else 0), np.float32)
    each = _of_each(frames, most)
    whole = np.stack([features.mean(axis=0, dtype=np.float32) for features in there])
    regions = np.concatenate([features[:each] for features in there])[:most]
    return np.concatenate([whole, regions.astype(np.float32)])


def of_frames(frames: Sequence[FrameTokens], *, most: int, scaling: Scaling, columns: int) -> ClipInput:
    """The tokens of a clip: each frame as a whole, then at most ``most`` regions, the best of each frame.

    The token of a frame is the mean of all its regions, with the whole frame as its box: what is spread over
    many regions is thus learned from few clips, and costs one token. All frames have equally many regions, as
    far as they have them.

    Args:
        frames: Its K frames; those without any region have no token.
        most: The greatest number of regions.
        scaling: Of features.
        columns: How many frames relative positions can tell apart; later ones count as the last.
    """
    there = [number for number, frame in enumerate(frames) if len(frame.features)]
    if not there:
        return no_tokens(len(scaling.mean))
    each = _of_each(frames, most)
    best = np.repeat(there, [min(each, len(frames[number].features)) for number in there])[:most]
    numbers = np.concatenate([there, best])
    whole = np.tile(WHOLE, (len(there), 1))
    corners = np.concatenate([whole, *(frames[number].boxes[:each] for number in there)])[: len(numbers)]
    return ClipInput(
        scaling(features_of_frames(frames, most=most)),
        np.concatenate([corners, corners[:, 2:] - corners[:, :2]], axis=1, dtype=np.float32),
        np.stack([np.zeros_like(numbers), np.minimum(numbers, columns - 1)], axis=1),
        ((numbers + 0.5) / len(frames)).astype(np.float32),
    )


def _of_each(frames: Sequence[FrameTokens], most: int) -> int:
    """How many regions a frame has among ``most`` of its clip."""
    return -(-most // max(1, len(frames)))


def of_whole_frames(features: NDArray[np.floating], *, scaling: Scaling, columns: int) -> ClipInput:
    """The tokens of a clip whose K frames have one feature each (K, D); see :func:`of_frames`."""
    frames = [FrameTokens(row[None], WHOLE[None]) for row in features]
    return of_frames(frames, most=0, scaling=scaling, columns=columns)


def of_clip(features: NDArray[np.floating], *, scaling: Scaling) -> ClipInput:
    """The one token of a clip whose feature (D,) is all that is known of it."""
    return ClipInput(
        scaling(features[None]),
        np.zeros((1, BOX), np.float32),
        np.zeros((1, 2), np.int64),
        np.full(1, 0.5, np.float32),
    )


def no_tokens(dimension: int) -> ClipInput:
    """A clip of which nothing is known."""
    return ClipInput(
        np.zeros((0, dimension), np.float32),
        np.zeros((0, BOX), np.float32),
        np.zeros((0, 2), np.int64),
        np.zeros(0, np.float32),
    )
