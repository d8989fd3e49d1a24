"""What to expect of an alignment by timing: what the mixture says, corrected by what came out elsewhere.

The mixture's own expectation holds as far as one of its hypotheses is true. Two small logistic models, of
text IoU and of video accuracy, correct it. Their coefficients were fitted to several data sets, and checked
by leaving out videos and whole data sets (``tests/benchmarks/timing_confidence.py``). A language has a
coefficient of its own, because the mixture cannot know how evenly its narrators read; for the accuracy, it is
shrunk to what all languages but English have in common, and a language that nobody has measured has that. The
fit of the cuts, the log-odds against another text, the film's length, the number of snippets, the entropy of
the weights and how well the ends are known were tried as features: none was better on videos or data sets
that were left out.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from mmtool.alignment.quality import Expected
from mmtool.alignment.timing.mixture_evidence import MixtureEvidence
from mmtool.arrays import Floats

PRECISION = 5.0  # a measured share counts like that many draws
SET_PRECISION = 1000.0  # the inverse of the variance of a set's mean around what is expected, 0.03²
LANGUAGES = ("es", "fr", "hi", "pt", "ru", "zh")  # beside English, those of the data sets
FOREIGN = "foreign"  # any language but English
_OF_LANGUAGES = 1 / 6  # of the ridge; languages differ more than the mixture's expectations are wrong
_LONGEST_STEP = 2.0  # of a coefficient, in one iteration
_LEAST = 1e-3  # shares are kept that far from 0 and 1 when log-odds are taken


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectationModel:
    """The coefficients of each feature, for the log-odds of text IoU and of video accuracy."""

    iou: Mapping[str, float]
    accuracy: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ObservedVideo:
    """What the mixture knew of an annotated video of some data set, and the measures that came out."""

    data_set: str
    evidence: MixtureEvidence
    iou: float
    accuracy: float


def features_of(evidence: MixtureEvidence) -> dict[str, float]:
    """The features of one video by their names; all are within about ±7."""
    return {
        "constant": 1.0,
        "expected_iou": _log_odds(evidence.expected_text_iou),
        "expected_accuracy": _log_odds(evidence.expected_accuracy),
        "untold": evidence.weights.get("untold", 0.0),
        "cuts": evidence.weights.get("cuts", 0.0),
        FOREIGN: float(evidence.language not in ("", "en")),
        **{f"language {code}": float(evidence.language == code) for code in LANGUAGES},
    }


def expected(evidence: MixtureEvidence, model: ExpectationModel | None = None) -> Expected:
    """What to expect of an alignment, by the model of the package unless another is given."""
    model, found = model or default_model(), features_of(evidence)
    return Expected(accuracy=_predicted(model.accuracy, found), iou=_predicted(model.iou, found))


@cache
def default_model() -> ExpectationModel:
    """The model that ships with the package."""
    content = files("mmtool.alignment.timing").joinpath("expectation.json").read_text(encoding="utf-8")
    values = json.loads(content)
    return ExpectationModel(iou=values["iou"], accuracy=values["accuracy"])


def fit_expectation(videos: Sequence[ObservedVideo], ridge: float) -> ExpectationModel:
    """Fit both models; ``ridge`` pulls coefficients to those that keep what the mixture expects.

    Videos of a data set share its weight, the root of their number; the means of data sets count beside
    them. Raises ValueError without videos.
    """
    if not videos:
        raise ValueError("no video was observed")
    return ExpectationModel(
        # foreign texts have no text IoU in common that English ones have not
        iou=_fit(videos, [video.iou for video in videos], "expected_iou", ridge, without=(FOREIGN,)),
        accuracy=_fit(videos, [video.accuracy for video in videos], "expected_accuracy", ridge),
    )


def _fit(
    videos: Sequence[ObservedVideo],
    measured: Sequence[float],
    own: str,
    ridge: float,
    without: Sequence[str] = (),
) -> dict[str, float]:
    """Penalised logistic regression by Gauss–Newton; the feature ``own`` has 1 without data.

    Features named in ``without`` are left out. The mean of each data set is an observation of its own,
    because its videos deviate together.
    """
    found = [features_of(video.evidence) for video in videos]
    names = [name for name in found[0] if name not in without]
    table = np.array([[features[name] for name in names] for features in found])  # (V, F)
    target, weight, mean = np.array(measured), _weights(videos), _means(videos)
    prior = np.array([float(name == own) for name in names])
    penalty = ridge * np.diag([_share_of_ridge(name) for name in names]) + 1e-6 * np.eye(len(names))
    coefficients = prior.copy()
    for _ in range(100):
        share = _logistic(table @ coefficients)
        slope = share * (1 - share)
        of_sets = mean @ (table * slope[:, None])  # (S, F)
        gradient = table.T @ (weight * (target - share)) - penalty @ (coefficients - prior)
        gradient += SET_PRECISION * of_sets.T @ (mean @ (target - share))
        curvature = (table * (weight * slope)[:, None]).T @ table + penalty
        curvature += SET_PRECISION * of_sets.T @ of_sets
        step = np.linalg.solve(curvature, gradient)
        coefficients = coefficients + step * min(1.0, _LONGEST_STEP / max(np.abs(step).max(), 1e-12))
    return dict(zip(names, coefficients.round(4).tolist(), strict=True))


def _means(videos: Sequence[ObservedVideo]) -> Floats:
    """The matrix (S, V) that takes the mean over the videos of each data set."""
    names = [video.data_set for video in videos]
    means: Floats = np.array(
        [[float(name == one) / names.count(one) for name in names] for one in dict.fromkeys(names)]
    )
    return means


def _share_of_ridge(feature: str) -> float:
    if feature == "constant":
        return 0.0
    return _OF_LANGUAGES if feature == FOREIGN or feature.startswith("language ") else 1.0


def _weights(videos: Sequence[ObservedVideo]) -> Floats:
    names = [video.data_set for video in videos]
    weights = np.array([1 / np.sqrt(names.count(name)) for name in names])
    scaled: Floats = PRECISION * weights * len(weights) / weights.sum()
    return scaled


def _predicted(coefficients: Mapping[str, float], features: Mapping[str, float]) -> float:
    return float(_logistic(np.array(sum(value * features[name] for name, value in coefficients.items()))))


def _logistic(odds: Floats) -> Floats:
    share: Floats = 1 / (1 + np.exp(-np.clip(odds, -30.0, 30.0)))
    return share


def _log_odds(share: float) -> float:
    inside = min(max(share, _LEAST), 1 - _LEAST)
    return float(np.log(inside / (1 - inside)))
