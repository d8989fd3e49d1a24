"""What an epoch of training has measured, by what is trained."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mmtool.blends import BranchWeight
from mmtool.training.diagnostics import Diagnosis


@dataclass(frozen=True, slots=True)
class Losses:
    """The mean loss of the same films in evaluation mode, without augmentation, after each epoch."""

    train: float
    validation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochRecord:
    """The measures of one epoch; epochs are numbered from 1.

    ``loss`` is measured while training. ``losses`` are by branch, empty where they were not measured; those
    before the first epoch, ``initial_losses``, stand in its record only. ``blend`` holds the weights of
    branches, empty where there is one.
    """

    epoch: int
    loss: float
    learning_rate: float
    seconds: float
    diagnostics: Diagnosis = field(default_factory=Diagnosis)
    blend: dict[str, BranchWeight] = field(default_factory=dict)
    losses: dict[str, Losses] = field(default_factory=dict)
    initial_losses: dict[str, Losses] = field(default_factory=dict)

    @property
    def score(self) -> float | None:
        """The validation score by which the best checkpoint is chosen and training stops early."""
        return None

    @property
    def scores(self) -> dict[str, float]:
        """What was measured on the validation videos, as the checkpoint records it."""
        return {}

    @property
    def shares(self) -> dict[str, float | None]:
        """Measures between 0 and 1, by what a live display calls them."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkEpoch(EpochRecord):
    """An epoch of the alignment network."""

    action_accuracy: float  # of the training samples, under teacher forcing
    video_accuracy: float | None = None  # of the validation videos
    text_iou: float | None = None
    train_video_accuracy: float | None = None  # of the training videos, decoded as in validation
    train_text_iou: float | None = None

    @property
    def score(self) -> float | None:
        """The sum of both measures."""
        if self.video_accuracy is None or self.text_iou is None:
            return None
        return self.video_accuracy + self.text_iou

    @property
    def scores(self) -> dict[str, float]:
        measured = {"video_accuracy": self.video_accuracy, "text_iou": self.text_iou}
        return {name: value for name, value in measured.items() if value is not None}

    @property
    def shares(self) -> dict[str, float | None]:
        return {
            "action accuracy": self.action_accuracy,
            "val. accuracy": self.video_accuracy,
            "val. IoU": self.text_iou,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MatcherEpoch(EpochRecord):
    """An epoch of the matcher.

    ``loss`` is the sum of the parts; where branches are blended, all are of the joint branch. Recall is R@1,
    by embeddings: of clips, the share whose best snippet is a right one, of snippets, the share whose best
    clip is; among all of the split, and in their own film.
    """

    contrastive_loss: float
    matching_loss: float
    matching_accuracy: float  # of the pairs that belong together and the hard negatives
    masked_loss: float | None = None  # of softly masked pairs
    masked_share: float | None = None  # of the pairs whose word had an answer
    clip_recall: float | None = None  # of the validation films
    snippet_recall: float | None = None
    film_clip_recall: float | None = None
    film_snippet_recall: float | None = None
    train_clip_recall: float | None = None  # of the training films
    train_snippet_recall: float | None = None

    @property
    def score(self) -> float | None:
        """R@1, the mean of both directions."""
        if self.clip_recall is None or self.snippet_recall is None:
            return None
        return (self.clip_recall + self.snippet_recall) / 2

    @property
    def scores(self) -> dict[str, float]:
        names = ("clip_recall", "snippet_recall", "film_clip_recall", "film_snippet_recall")
        measured = {name: getattr(self, name) for name in names}
        return {name: value for name, value in measured.items() if value is not None}

    @property
    def shares(self) -> dict[str, float | None]:
        return {
            "match accuracy": self.matching_accuracy,
            "val. R@1": self.score,
            "in the film": self.film_clip_recall,
        }


OnEpoch = Callable[[EpochRecord], None]
