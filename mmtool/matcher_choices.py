"""Choices that concern the matcher alone."""

from enum import StrEnum


class ClipTokens(StrEnum):
    """What a matcher reads of a clip.

    Attributes:
        REGIONS: The stored regions of its frames, with their boxes.
        FRAMES: The stored feature of each of its frames.
        CLIP: The one feature of the clip.
    """

    REGIONS = "regions"
    FRAMES = "frames"
    CLIP = "clip"


class SelfAttention(StrEnum):
    """Whether clips and words share attention before they are fused.

    Attributes:
        SHARED: One set of queries, keys and values for both.
        SEPARATE: One for each.
    """

    SHARED = "shared"
    SEPARATE = "separate"


class MaskFrom(StrEnum):
    """What a soft mask of a clip is made from.

    Attributes:
        NONE: Clips are not masked.
        GRADCAM: Where the match to a word comes from: the word's attention times its gradient.
        ATTENTION: The word's attention.
        RANDOM: Chance.
    """

    NONE = "none"
    GRADCAM = "gradcam"
    ATTENTION = "attention"
    RANDOM = "random"


class MaskWords(StrEnum):
    """The words that a soft mask may be of.

    Attributes:
        ALL: All words and punctuation marks.
        CONTENT: Words other than stop words.
    """

    ALL = "all"
    CONTENT = "content"


class MatcherSize(StrEnum):
    """The published sizes of the Multiway Transformer, and one for hundreds of films."""

    SMALL = "small"
    BASE = "base"
    BASE_PLUS = "base-plus"
    LARGE = "large"
