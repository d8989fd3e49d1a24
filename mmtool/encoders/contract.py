"""What the stages ask of an encoder, and what an encoder is told when it is made.

An encoder is a subclass of :class:`FrameEncoder`, :class:`SequenceEncoder`, :class:`SoundEncoder`,
:class:`IntervalEncoder` or :class:`TextEncoder`, made from one :class:`EncoderOptions`, or of
:class:`SpeechEncoder`, which also takes an encoder of texts; :mod:`mmtool.encoders.registry` says how it gets
a name.

Encoders of frames and of snippets whose features may be compared, such as the two sides of a CLIP model, say
so in their identities: ``settings["space"]`` is the same on both sides, a digest of the model's weights.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mmtool.choices import EncoderPrecision, Pooling
from mmtool.records import EncoderIdentity, Interval, RegionNames

__all__ = [
    "MAX_REGIONS",
    "EncodedFrames",
    "Encoder",
    "EncoderIdentity",
    "EncoderOptions",
    "EncoderPair",
    "Features",
    "FilmEncoder",
    "Frame",
    "FrameEncoder",
    "FrameSequence",
    "IntervalEncoder",
    "KeepsWords",
    "NamesRegions",
    "PixelEncoder",
    "RegionDetector",
    "RegionNames",
    "Regions",
    "Sampling",
    "SequenceEncoder",
    "Sound",
    "SoundEncoder",
    "SpeechEncoder",
    "TextEncoder",
    "VideoClass",
    "VideoEncoder",
]

Features = NDArray[np.float32]
Frame = NDArray[np.uint8]
Sound = NDArray[np.float32]
MAX_REGIONS = 36  # of a frame, as in bottom-up attention (Anderson et al., 2018)


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """What users can choose about an encoder.

    Options that most encoders have no use for are refused unless the encoder's ``reads`` lists them:
    ``weights``, ``model``, ``image_size``, ``proposals``, ``keep_regions``, ``pooling`` and ``prompt``.

    Args:
        name: The name that the encoder was chosen by.
        weights: None for the published or default weights, ``"random"`` (under ``seed``) or a path.
        model: Name of a published model or a local folder; None for the encoder's default.
        image_size: Shorter side in pixels to which frames are scaled; None for the model's own.
        proposals: Regions of a frame that a detector looks at; None for the model's own number.
        keep_regions: Whether the regions of each frame are returned with its features.
        pooling: How token features become one feature; None for the encoder's own way.
        prompt: What is put before each text, or the name of one of the model's prompts; None for its own.
        seed: Seed of random weights.
        batch_size: The most frames or snippets to encode at a time.
        precision: Precision of the network's products.
        device: Where to compute, such as ``"cpu"`` or ``"cuda:0"``.
    """

    name: str
    weights: str | None = None
    model: str | None = None
    image_size: int | None = None
    proposals: int | None = None
    keep_regions: bool = False
    pooling: Pooling | None = None
    prompt: str | None = None
    seed: int = 0
    batch_size: int = 8
    precision: EncoderPrecision = EncoderPrecision.FP32
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Regions:
    """The detected regions of one frame.

    ``boxes`` (R, 4) are x1, y1, x2, y2 in pixels of the frame; ``scores`` (R,); ``labels`` (R,) are ids of
    the encoder's classes, 0 for a region without a class; ``features`` (R, D); ``attributes`` (R,) are ids of
    the encoder's attributes, if it has any.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int32]
    features: Features
    attributes: NDArray[np.int32] | None = None


@dataclass(frozen=True, slots=True)
class EncodedFrames:
    """``features`` (B, D), one row per frame or sequence; ``regions`` only if they were asked for."""

    features: Features
    regions: list[Regions] | None = None


class Encoder(ABC):
    """Base of all encoders.

    ``reads`` names the optional fields of :class:`EncoderOptions` that the encoder reads. ``runs_on_mps``
    says that all its operators exist for the GPUs of Apple; otherwise it is computed on the CPU there.
    ``device`` is the one that it uses.
    ``identity`` says everything that determines the features; features of different identities are never
    mixed.
    """

    reads: ClassVar[frozenset[str]] = frozenset()
    runs_on_mps: ClassVar[bool] = False
    device: str = "cpu"
    identity: EncoderIdentity

    def __init__(self, options: EncoderOptions) -> None:  # noqa: B027  encoders without options need no other
        """Load what the encoder needs; raises InputError if its weights cannot be loaded."""


@dataclass(frozen=True, slots=True)
class FrameSequence:
    """Frames of one clip in order of time: L RGB frames (H, W, 3), uint8, and their times in seconds (L,).

    Near the ends of a clip, and in a clip with fewer frames, a frame and its time are repeated.
    """

    frames: Sequence[Frame]
    times: Sequence[float]


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which frames of a clip make a sequence.

    Args:
        length: The number of frames (L).
        spacing: Seconds between two frames; None to spread them evenly over the clip.
        shorter_side: Pixels to which the shorter side of larger frames is scaled while the film is read.
    """

    length: int
    spacing: float | None
    shorter_side: int


Seen = TypeVar("Seen")


class PixelEncoder(Encoder, Generic[Seen]):
    """Sees pixels of a clip: base of the encoders of frames and of sequences.

    ``ahead`` is how many batches may be begun before the features of an earlier one are fetched.
    """

    ahead: int = 0

    @abstractmethod
    def encode(self, frames: Sequence[Seen]) -> EncodedFrames:
        """Encode what represents ``B`` clips."""

    def begin(self, frames: Sequence[Seen]) -> Callable[[], EncodedFrames]:
        """Begin to encode; the returned function waits for the features.

        An encoder whose GPU works while the program prepares another batch overrides this and ``ahead``.
        """
        encoded = self.encode(frames)
        return lambda: encoded


class FrameEncoder(PixelEncoder[Frame]):
    """Sees the pixels of the frames that represent a clip: ``B`` RGB frames (H, W, 3), uint8, at a time."""


class SequenceEncoder(PixelEncoder[FrameSequence]):
    """Sees motion: ``B`` sequences of frames at a time, each of one clip, as its ``sampling`` says."""

    sampling: Sampling


class SoundEncoder(Encoder):
    """Sees the sound of clips, one channel at ``rate`` samples per second.

    A clip without sound is not given to the encoder; its features are zeros.
    """

    rate: int = 16_000

    @abstractmethod
    def encode(self, sounds: Sequence[Sound]) -> Features:
        """Encode the sound of ``B`` clips, each (S,) between −1 and 1 with S > 0, to (B, D)."""


class IntervalEncoder(Encoder):
    """Sees only the times of a video's clips."""

    @abstractmethod
    def encode(self, intervals: Sequence[Interval]) -> Features:
        """Encode all N clips of one video to (N, D)."""


@runtime_checkable
class KeepsWords(Protocol):
    """An encoder of snippets that also has states of their words."""

    @property
    def identity(self) -> EncoderIdentity: ...

    def word_states(self, text: str) -> tuple[Features, list[str]]:
        """The states (W, D) of a snippet's words, special ones included, and their names."""
        ...


class TextEncoder(Encoder):
    """Sees all snippets of one text, in reading order.

    ``truncated`` is the number of snippets so far that were too long for the model and were cut.
    """

    truncated: int = 0

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> Features:
        """Encode all M snippets of one text to (M, D)."""

    def unknown(self, texts: Sequence[str]) -> Features:
        """The share (M,), 0..1, of each snippet that the vocabulary does not know; 0 without a vocabulary."""
        return np.zeros(len(texts), np.float32)

    def encode_each(self, many: Iterable[Sequence[str]]) -> Iterator[Features]:
        """Encode one text after another; may read more texts ahead than were asked for."""
        return map(self.encode, many)


class SpeechEncoder(Encoder):
    """Sees what is said in a video's clips, through an encoder of texts."""

    def __init__(self, options: EncoderOptions, text: TextEncoder) -> None:
        """Take the encoder of texts."""
        super().__init__(options)
        self.text, self.device = text, text.device

    @abstractmethod
    def encode(self, said: Sequence[str]) -> Features:
        """Encode what is said in all N clips of one video (empty where that is nothing) to (N, D)."""


FilmEncoder = FrameEncoder | SequenceEncoder | SoundEncoder  # those that read films
VideoEncoder = FilmEncoder | IntervalEncoder | SpeechEncoder
VideoClass = (
    type[FrameEncoder]
    | type[SequenceEncoder]
    | type[SoundEncoder]
    | type[IntervalEncoder]
    | type[SpeechEncoder]
)


@dataclass(frozen=True, slots=True)
class EncoderPair:
    """The two sides of a model that encodes both clips and snippets; they share one name."""

    video: VideoClass
    text: type[TextEncoder]


class RegionDetector(Protocol):
    """Finds the regions of frames for another encoder; ``identity.dimension`` is that of a region."""

    @property
    def identity(self) -> EncoderIdentity: ...

    def detect(self, frames: Sequence[Frame]) -> list[Regions]:
        """The regions of each of ``B`` RGB frames (H, W, 3), uint8; a frame may have none."""
        ...


@runtime_checkable
class NamesRegions(Protocol):
    """An encoder or detector that knows what the labels and attributes of its regions are called."""

    @property
    def names(self) -> RegionNames | None: ...
