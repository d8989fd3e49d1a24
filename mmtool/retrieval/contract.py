"""What retrieval, scores and explanations ask of a model that judges how well texts fit clips.

A :class:`PairMatcher` reads each clip and each text once, into states. The states' embeddings compare all
clips with all texts (the *dual encoder*); :meth:`PairMatcher.match` judges chosen pairs, for which words and
picture attend to each other (the *fusion encoder*). Clips are read in blocks of a few dozen, because states
may be large; callers of ``match`` order pairs by clip, so that each clip is read once.

Numbers of a clip, a text or a pair do not depend, apart from rounding, on the batch size, on padding, or on
what else is read or matched in the same call.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mmtool.records import EncoderIdentity

Embeddings = NDArray[np.float32]  # (N, E), rows of unit length
Pairs = NDArray[np.int64]  # (P, 2): indices of a clip and of a text
Logits = NDArray[np.float32]  # (P, 2): of "no match" and "match"
LogOdds = NDArray[np.float32]  # (P,): of "match", the difference of the two


class ClipMaterial(StrEnum):
    """What a matcher reads of a clip."""

    FEATURES = "features"  # the stored feature of the clip: ClipTokens without boxes
    FRAME_FEATURES = "frame features"  # the stored features of its frames: ClipTokens without boxes
    REGIONS = "regions"  # stored regions: ClipTokens with boxes
    FRAMES = "frames"  # pictures of the film: ClipFrames
    SOURCES = "sources"  # stored features of several sources: ClipSources


@dataclass(frozen=True, slots=True)
class ClipTokens:
    """What a features file stores of one clip, as R visual tokens.

    Attributes:
        features: (R, D); a clip may have none.
        boxes: (R, 4): x1, y1, x2, y2 as shares of the frame's width and height, 0..1; None without regions.
        frames: (R,): which of the clip's K frames each token comes from.
        times: (R,): times of these frames, in seconds from the start of the film; None if they are unknown.
    """

    features: NDArray[np.floating]
    boxes: NDArray[np.float32] | None
    frames: NDArray[np.int64]
    times: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class ClipFrames:
    """The K frames that represent one clip: RGB (K, H, W, 3), uint8."""

    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ClipSources:
    """What several features files store of one clip; a source that lacks its film has no tokens."""

    parts: tuple[ClipTokens, ...]


ClipInput = ClipTokens | ClipFrames | ClipSources


class ClipStates(Protocol):
    """N clips as a matcher has read them; holds what :meth:`PairMatcher.match` needs of them."""

    @property
    def embeddings(self) -> Embeddings:
        """Unit vectors (N, E); raises ValueError if the matcher has no dual encoder."""
        ...

    def __len__(self) -> int: ...


class TextStates(Protocol):
    """M texts as a matcher has read them."""

    @property
    def embeddings(self) -> Embeddings:
        """Unit vectors (M, E); raises ValueError if the matcher has no dual encoder."""
        ...

    @property
    def unknown(self) -> NDArray[np.float32]:
        """(M,): the share, 0..1, of each text's word pieces that the vocabulary does not know."""
        ...

    @property
    def truncated(self) -> int:
        """The number of texts that were too long and were cut."""
        ...

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class WordMaps:
    """What in a clip answers to which word of a text.

    Attributes:
        words: The W words or word pieces, in order.
        maps: (W, V), at least 0: how much each of the V visual tokens answers to each word.
        frames: (V,): which of the clip's frames each token comes from; with several sources, −1 for the
            token of a source that has one for the whole clip.
        boxes: (V, 4): the part of the frame that each token shows, as shares of its width and height.
        sources: (V,): the name of the source of each token; empty if clips have one source.
        shown: The source whose tokens have frames and boxes that pages can show; empty for one source.
    """

    words: tuple[str, ...]
    maps: NDArray[np.float32]
    frames: NDArray[np.int64]
    boxes: NDArray[np.float32]
    sources: tuple[str, ...] = ()
    shown: str = ""

    @property
    def in_frames(self) -> NDArray[np.bool_]:
        """(V,): which tokens are parts of frames that pages can show."""
        if not self.sources:
            return np.ones(len(self.frames), bool)
        of_shown = np.array([source == self.shown for source in self.sources], bool)
        return of_shown & (self.frames >= 0)


class PairMatcher(Protocol):
    """A model that embeds clips and texts, judges chosen pairs, or does both."""

    @property
    def identity(self) -> EncoderIdentity:
        """Everything that determines the numbers; its ``dimension`` is E, or 1 without a dual encoder."""
        ...

    @property
    def material(self) -> ClipMaterial:
        """What :meth:`clips` reads."""
        ...

    @property
    def embeds(self) -> bool:
        """Whether there is a dual encoder: states have embeddings."""
        ...

    @property
    def matches(self) -> bool:
        """Whether there is a fusion encoder: pairs can be judged."""
        ...

    @property
    def explains(self) -> bool:
        """Whether pairs can be explained by word maps."""
        ...

    def clips(self, material: Sequence[ClipInput]) -> ClipStates:
        """Read N clips, each once."""
        ...

    def texts(self, texts: Sequence[str]) -> TextStates:
        """Read M texts, each once."""
        ...

    def logits(self, clips: ClipStates, texts: TextStates, pairs: Pairs) -> Logits:
        """Judge P pairs (P, 2) of clip and text, in any order: logits (P, 2) of "no match" and "match".

        Published rules of reranking go by the second alone; the first is 0 for a head with one output. What a
        pair needs of its clip alone, such as keys and values, is computed once for each clip.
        """
        ...

    def match(self, clips: ClipStates, texts: TextStates, pairs: Pairs) -> LogOdds:
        """The log-odds (P,) that the text of each pair fits its clip: the difference of its logits."""
        ...

    def word_maps(self, clips: ClipStates, clip: int, texts: TextStates, text: int) -> WordMaps:
        """Explain one pair; raises ValueError if the matcher cannot."""
        ...
