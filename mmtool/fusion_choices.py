"""Choices that concern runs with several modalities of a clip."""

from enum import StrEnum

JOINT = "joint"  # the branch that sees all modalities


class Fusion(StrEnum):
    """How the sources of a clip become what one network reads of it.

    Attributes:
        LATE: A stack for each source; their outputs are concatenated and pass fully connected layers.
        MID: The encoded sources are concatenated, and one stack reads them.
        SE: As late, but each source first scales the channels of the others (squeeze and excitation).
        NL: As late, but the first source also attends to all of them (non-local).
    """

    LATE = "late"
    MID = "mid"
    SE = "se"
    NL = "nl"


class Missing(StrEnum):
    """What is read of a film that lacks a modality.

    Attributes:
        FAIL: Nothing: the film is an error.
        ZERO: The mean of the training split, which is zero after normalisation.
    """

    FAIL = "fail"
    ZERO = "zero"


class Blend(StrEnum):
    """How the losses of branches are weighted.

    Attributes:
        NONE: There is only the joint branch.
        OFFLINE: By weights that are estimated once.
        ONLINE: By weights that are estimated before each super-epoch.
        FIXED: By weights that are given.
    """

    NONE = "none"
    OFFLINE = "offline"
    ONLINE = "online"
    FIXED = "fixed"
