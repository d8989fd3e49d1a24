"""Settings of ``train`` for the weights of branches, and what ``blend`` asks for."""

from dataclasses import dataclass, field
from math import isfinite
from typing import Annotated

from mmtool.errors import SettingError
from mmtool.fusion_choices import JOINT, Blend
from mmtool.settings.options import Option

BLENDING = "Gradient-Blending"
ONLINE_EPOCHS = 10  # of a super-epoch

BlendChoice = Annotated[
    str,
    Option(
        "Weights of the losses of each modality alone and of all together: none trains only the joint "
        "network, offline estimates them once, online every --blend-epochs; or weights, the joint one last.",
        heading=BLENDING,
        metavar="none|offline|online|W,W,…",
    ),
]
BlendEpochs = Annotated[
    int,
    Option(
        "Epochs that an estimate trains, and for which it holds (online).",
        heading=BLENDING,
        at_least=0,
        default="all for offline, 10 for online",
    ),
]
BlendFolds = Annotated[
    int,
    Option(
        "How often an estimate is repeated, each time holding out other training films; the logarithms of "
        "the weights are averaged.",
        heading=BLENDING,
        at_least=0,
        default="3 with fewer than 200 training films, otherwise 1",
    ),
]
BlendFraction = Annotated[
    float,
    Option("Share of the training films that estimates use.", heading=BLENDING, above=0, at_most=1),
]


@dataclass(frozen=True, slots=True)
class BlendPlan:
    """How branches are weighted; ``weights`` are by branch if they are given, with the sum 1.

    ``epochs`` is the setting: 0 for as many as the kind has by default.
    """

    kind: Blend
    weights: dict[str, float] = field(default_factory=dict)
    epochs: int = 0

    def epochs_of_estimate(self, epochs: int) -> int:
        """How long an estimate of a run of so many epochs trains."""
        return self.epochs or (ONLINE_EPOCHS if self.kind is Blend.ONLINE else epochs)

    def first_epoch(self, epoch: int, epochs: int) -> int:
        """The epoch before which the weights of an epoch are estimated; both count from 1."""
        if self.kind is Blend.OFFLINE:
            return 1
        length = self.epochs_of_estimate(epochs)
        return (epoch - 1) // length * length + 1

    def estimated_epochs(self, epochs: int) -> int:
        """The epochs that all estimates of a run train, for each branch and fold."""
        if self.kind is Blend.FIXED or self.kind is Blend.NONE:
            return 0
        length = self.epochs_of_estimate(epochs)
        return length if self.kind is Blend.OFFLINE else -(-epochs // length) * length


def blend_plan(
    blend: str, names: tuple[str, ...], *, epochs: int = 0, folds: int = 0, fraction: float = 1.0
) -> BlendPlan:
    """What ``blend`` asks for with these modalities; raises SettingError for what cannot be a blend."""
    kind = Blend(blend) if blend in (Blend.NONE, Blend.OFFLINE, Blend.ONLINE) else Blend.FIXED
    if kind is Blend.FIXED and "," not in blend:
        raise SettingError(
            "blend", f"must be none, offline, online or weights joined by commas, not {blend!r}"
        )
    numbers = {"blend_epochs": epochs > 0, "blend_folds": folds > 0, "blend_fraction": fraction < 1}
    for name, given in numbers.items():
        if given and kind not in (Blend.OFFLINE, Blend.ONLINE):
            raise SettingError(name, f"has no effect with `blend={blend}`; leave it out")
    if kind is Blend.NONE:
        return BlendPlan(kind)
    if not names:
        raise SettingError("blend", f"{blend} needs at least two modalities; name them with `modalities`")
    weights = _weights(blend, (*names, JOINT)) if kind is Blend.FIXED else {}
    return BlendPlan(kind, weights, epochs)


def _weights(blend: str, branches: tuple[str, ...]) -> dict[str, float]:
    try:
        weights = [float(weight) for weight in blend.split(",")]
    except ValueError:
        raise SettingError("blend", f"must be numbers joined by commas, not {blend!r}") from None
    if len(weights) != len(branches):
        raise SettingError(
            "blend", f"must have {len(branches)} weights, for {', '.join(branches)}, not {len(weights)}"
        )
    if not all(isfinite(weight) and weight >= 0 for weight in weights):
        raise SettingError("blend", f"must have weights of 0 or more, not {blend!r}")
    if not sum(weights) > 0:
        raise SettingError("blend", f"must have weights with a positive sum, not {blend!r}")
    return {branch: weight / sum(weights) for branch, weight in zip(branches, weights, strict=True)}
