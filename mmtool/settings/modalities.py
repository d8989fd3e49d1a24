"""Settings of ``train`` for several modalities of a clip."""

from typing import Annotated

from mmtool.errors import SettingError
from mmtool.fusion_choices import JOINT, Fusion, Missing
from mmtool.settings.options import Option

MODALITIES = "Modalities"
LAYERS = (0, 1, 2, 4)  # of late fusion, as published
DEFAULT_LAYERS = 2

Modalities = Annotated[
    str,
    Option(
        "Video features that are read side by side, such as clip,motion,audio; a name may be A+B, but not "
        "with --preset multiway.",
        heading=MODALITIES,
        default="the features of --video alone",
        metavar="NAME,NAME…",
    ),
]
FusionChoice = Annotated[
    Fusion,
    Option(
        "How modalities are fused: each read by itself, then concatenated (late), all read together (mid), "
        "or late with squeeze-and-excitation gates (se) or with a non-local gate of the first modality (nl).",
        heading=MODALITIES,
    ),
]
FusionLayers = Annotated[
    int, Option("Fully connected layers after late concatenation: 0, 1, 2 or 4.", heading=MODALITIES)
]
MissingChoice = Annotated[
    Missing,
    Option(
        "Whether films without features of a modality are errors (fail), or are read with its mean, by the "
        "matcher without its tokens (zero).",
        heading=MODALITIES,
    ),
]


def names_of(modalities: str) -> tuple[str, ...]:
    """The names in ``modalities``; raises SettingError unless they are at least two different ones."""
    if not modalities:
        return ()
    names = tuple(name.strip() for name in modalities.split(","))
    if not all(names):
        raise SettingError("modalities", f"must be names of features, joined by commas, not {modalities!r}")
    if len(names) == 1:
        raise SettingError("modalities", f"names {names[0]} alone; name at least two, or give it as `video`")
    if len(set(names)) < len(names):
        raise SettingError("modalities", f"names a modality twice: {modalities}")
    if JOINT in names:
        raise SettingError("modalities", f"cannot name {JOINT}, which is all of them; rename the features")
    return names


def check_modalities(modalities: str, fusion: Fusion, layers: int, missing: Missing, *, video: str) -> None:
    """Raise SettingError where settings of modalities contradict each other.

    Args:
        modalities: The names, joined by commas.
        fusion: How they are fused.
        layers: The fully connected layers of late fusion.
        missing: What films without a modality are.
        video: The only video features, where there are no modalities.
    """
    names = names_of(modalities)
    if names and video:
        raise SettingError("video", "cannot be given together with `modalities`; leave one of them out")
    if layers not in LAYERS:
        raise SettingError("fusion_layers", f"must be one of 0, 1, 2, 4, not {layers}")
    if fusion is Fusion.MID and layers != DEFAULT_LAYERS:
        raise SettingError("fusion_layers", "has no effect with `fusion=mid`; leave it out")
    unused = {
        "fusion": fusion is not Fusion.LATE,
        "fusion_layers": layers != DEFAULT_LAYERS,
        "missing": missing is not Missing.FAIL,
    }
    for name, given in unused.items():
        if given and not names:
            raise SettingError(name, "has no effect without `modalities`; leave it out")
