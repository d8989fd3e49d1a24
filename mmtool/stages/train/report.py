"""What training gives back."""

from dataclasses import dataclass
from typing import ClassVar

from mmtool.records import Report


@dataclass(slots=True, kw_only=True)
class TrainReport(Report):
    """The run that was trained, or was complete already."""

    stage: ClassVar[str] = "train"
    run: str


@dataclass(slots=True, kw_only=True)
class NetworkTrainReport(TrainReport):
    """A run of the alignment network; ``best_epoch`` is 0 where nothing was validated.

    ``device`` is the one that was used, such as ``cpu`` or ``cuda:0``. ``cost`` is that of the training with
    the estimates of blending, in ordinary runs; None without any.
    """

    samples: int
    parameters: int
    epochs: int
    best_epoch: int
    device: str
    cost: float | None = None

    @property
    def facts(self) -> dict[str, object]:
        facts: dict[str, object] = {
            "samples": self.samples,
            "parameters": self.parameters,
            "epochs": self.epochs,
            "device": self.device,
        }
        if self.best_epoch:
            facts["best epoch"] = self.best_epoch
        if self.cost is not None:
            facts["cost with estimates"] = f"about {self.cost:.1f} ordinary runs"
        return facts


@dataclass(slots=True, kw_only=True)
class TimingTrainReport(TrainReport):
    """A run of the semi-Markov model.

    ``videos`` is the number of training videos, 0 if the run was complete already. With features,
    ``similarity_weight`` is the weight of their similarity and ``gain`` what it adds, on held-out videos, to
    the mean of video accuracy and text IoU (0..1) of timing alone.
    """

    videos: int = 0
    similarity_weight: float | None = None
    gain: float | None = None

    @property
    def facts(self) -> dict[str, object]:
        facts: dict[str, object] = {"videos": self.videos} if self.videos else {}
        if self.similarity_weight is not None and self.gain is not None:
            facts["similarity weight"] = self.similarity_weight
            facts["gain on held-out videos"] = f"{100 * self.gain:+.1f} points"
        return facts


@dataclass(slots=True, kw_only=True)
class MatcherTrainReport(TrainReport):
    """A run of the matcher; ``best_epoch`` is 0 and ``recall`` None where nothing was validated.

    ``pairs`` is the number of pairs of clips and snippets that it learns from, ``recall`` the best R@1 of the
    validation films (0..1), the mean of both directions. ``cost`` is that of the training with the estimates
    of blending, in ordinary runs; None without any.
    """

    pairs: int
    parameters: int
    epochs: int
    best_epoch: int
    recall: float | None
    device: str
    cost: float | None = None

    @property
    def facts(self) -> dict[str, object]:
        facts: dict[str, object] = {
            "pairs": self.pairs,
            "parameters": self.parameters,
            "epochs": self.epochs,
            "device": self.device,
        }
        if self.recall is not None:
            facts |= {"best epoch": self.best_epoch, "R@1": f"{100 * self.recall:.1f} %"}
        if self.cost is not None:
            facts["cost with estimates"] = f"about {self.cost:.1f} ordinary runs"
        return facts
