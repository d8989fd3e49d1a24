"""What the stages ask of an encoder.

Encoders of pictures and of texts whose features may be compared, as those of one CLIP model, say so in
their identities: ``settings["space"]`` is then the same on both sides, a digest of the model's weights.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mmtool.records import EncoderIdentity, Interval, RegionNames

__all__ = [
    "MAX_REGIONS",
    "EncodedFrames",
    "EncoderIdentity",
    "Features",
    "Frame",
    "FrameEncoder",
    "IntervalEncoder",
    "NamesRegions",
    "RegionDetector",
    "RegionNames",
    "Regions",
    "TextEncoder",
]

Features = NDArray[np.float32]
Frame = NDArray[np.uint8]
MAX_REGIONS = 36  # of a frame, as in bottom-up attention (Anderson et al., 2018)


@dataclass(frozen=True, slots=True)
class Regions:
    """The detected regions of one frame.

    ``boxes`` (R, 4) are x1, y1, x2, y2 in pixels of the frame; ``scores`` (R,); ``labels`` (R,) are
    ids of the encoder's classes, 0 where a region has none; ``features`` (R, D); ``attributes`` (R,) are
    ids of the encoder's attributes, where it knows any.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int32]
    features: Features
    attributes: NDArray[np.int32] | None = None


@dataclass(frozen=True, slots=True)
class EncodedFrames:
    """``features`` (B, D), one row a frame; ``regions`` only where they were asked for."""

    features: Features
    regions: list[Regions] | None = None


class FrameEncoder(Protocol):
    """Sees the pixels of one frame a clip."""

    @property
    def identity(self) -> EncoderIdentity: ...

    def encode(self, frames: Sequence[Frame]) -> EncodedFrames:
        """Encode ``B`` RGB frames (H, W, 3), uint8."""
        ...


class RegionDetector(Protocol):
    """Finds the regions of frames for another encoder; ``identity.dimension`` is that of a region."""

    @property
    def identity(self) -> EncoderIdentity: ...

    def detect(self, frames: Sequence[Frame]) -> list[Regions]:
        """The regions of each of ``B`` RGB frames (H, W, 3), uint8; a frame may have none."""
        ...


@runtime_checkable
class NamesRegions(Protocol):
    """An encoder or detector that can say what the labels and attributes of its regions stand for."""

    @property
    def names(self) -> RegionNames | None: ...


class IntervalEncoder(ABC):
    """Sees only the times of a video's clips.

    A base class and no protocol, so that ``isinstance`` tells it from a frame encoder.
    """

    @property
    @abstractmethod
    def identity(self) -> EncoderIdentity: ...

    @abstractmethod
    def encode(self, intervals: Sequence[Interval]) -> Features:
        """Encode all N clips of one video to (N, D)."""


class TextEncoder(ABC):
    """Sees all snippets of one text, in reading order.

    ``truncated`` is how many snippets so far were too long for the model and were cut.
    """

    identity: EncoderIdentity
    truncated: int = 0

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> Features:
        """Encode all M snippets of one text to (M, D)."""

    def encode_each(self, many: Iterable[Sequence[str]]) -> Iterator[Features]:
        """Encode one text after another; more may be read than was asked for so far."""
        return map(self.encode, many)
