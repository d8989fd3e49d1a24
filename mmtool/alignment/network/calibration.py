"""Calibration of a network's confidence on annotated videos that it was not trained on.

The confidence of a label is its posterior over all sequences of actions, see
:mod:`mmtool.alignment.network.posterior`, with logits divided by a temperature. The temperature has the least
log loss on the annotated videos; then two shifts of log-odds make the mean confidence equal the measured
accuracy, and the mean expected text IoU the measured one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.expected_iou import expected_iou
from mmtool.alignment.network.actions import ActionSet
from mmtool.alignment.network.posterior import LabelPosterior, label_posterior
from mmtool.alignment.odds import shift_to_mean, shifted
from mmtool.arrays import Floats, Floats32

UNMATCHED = -1
TEMPERATURES = tuple(np.geomspace(0.5, 16.0, 31).round(4).tolist())
LEAST = 1e-4  # probabilities are kept that far from 0 and 1 when their logarithm is taken


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledVideo:
    """One annotated video that the network aligned.

    Attributes:
        logits: The logits (N, M, K) with every clip and every snippet on top.
        labels: The snippet of each clip (N,), UNMATCHED for none.
        durations: The durations of the clips (N,).
        right: The correct share of each clip's time (N,).
        accuracy: The measured video accuracy; nan where it is undefined.
        iou: The measured text IoU; nan without annotated snippets.
    """

    logits: Floats32
    labels: NDArray[np.int64]
    durations: Floats
    right: Floats
    accuracy: float
    iou: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LogitCalibration:
    """The fitted numbers: a temperature, and shifts of the log-odds of confidence and of expected IoU."""

    temperature: float = 1.0
    confidence_shift: float = 0.0
    iou_shift: float = 0.0

    def __post_init__(self) -> None:
        if not (self.temperature > 0 and all(map(isfinite, self._numbers()))):
            raise ValueError("a calibration needs a temperature above 0 and finite shifts")

    def _numbers(self) -> tuple[float, ...]:
        return self.temperature, self.confidence_shift, self.iou_shift


@dataclass(frozen=True, slots=True)
class CalibratedConfidence:
    """The probability that each label is right, of clips (N,) and snippets (M,), and the IoU to expect."""

    clips: Floats
    snippets: Floats
    expected_iou: float


def calibrated_confidence(
    logits: Floats32,
    labels: NDArray[np.int64],
    durations: Floats,
    action_set: ActionSet,
    calibration: LogitCalibration,
) -> CalibratedConfidence:
    """The confidence of labels (N,) that any decoder chose, from the logits (N, M, K) of all pairs.

    A snippet has the mean confidence of its clips, weighted by their duration; without clips, the probability
    that it has none.
    """
    posterior = label_posterior(logits, action_set, calibration.temperature)
    of_clips = shifted(_confidence(posterior, labels), calibration.confidence_shift)
    own = labels == np.arange(len(posterior.placed))[:, None]  # (M, N)
    seconds = own @ durations
    mean = own @ (of_clips * durations) / np.where(seconds > 0, seconds, 1.0)
    absent = shifted(1 - posterior.placed, calibration.confidence_shift)
    iou = np.array([expected_iou(labels, posterior.pairs, durations)])
    return CalibratedConfidence(
        clips=of_clips,
        snippets=np.where(own.any(axis=1), mean, absent),
        expected_iou=float(shifted(iou, calibration.iou_shift)[0]),
    )


def fit_calibration(videos: Sequence[LabelledVideo], action_set: ActionSet) -> LogitCalibration:
    """Fit a calibration to the labels of annotated videos; raises ValueError without a measurable video."""
    videos = [video for video in videos if isfinite(video.accuracy)]
    if not videos:
        raise ValueError("no video has clips whose labels can be right or wrong")
    right = np.concatenate([video.right for video in videos])
    seconds = np.concatenate([video.durations for video in videos])
    of_video = np.concatenate([video.durations / video.durations.sum() for video in videos])
    best, loss = LogitCalibration(), np.inf
    for temperature in TEMPERATURES:
        posteriors = [label_posterior(video.logits, action_set, temperature) for video in videos]
        pairs = list(zip(videos, posteriors, strict=True))
        confidence = np.concatenate([_confidence(found, video.labels) for video, found in pairs])
        if (now := _log_loss(confidence, right, seconds)) < loss:
            known = [(video, found) for video, found in pairs if isfinite(video.iou)]
            ious = [expected_iou(video.labels, found.pairs, video.durations) for video, found in known]
            accuracy = float(np.mean([video.accuracy for video in videos]))
            loss, best = (
                now,
                LogitCalibration(
                    temperature=temperature,
                    confidence_shift=shift_to_mean(accuracy, confidence, of_video),
                    iou_shift=shift_to_mean(
                        float(np.mean([video.iou for video, _ in known])), np.array(ious), np.ones(len(ious))
                    )
                    if known
                    else 0.0,
                ),
            )
    return best


def _confidence(posterior: LabelPosterior, labels: NDArray[np.int64]) -> Floats:
    """The probability (N,) of each clip's label."""
    outside = np.maximum(1 - posterior.pairs.sum(axis=0), 0.0)
    table = np.minimum(np.vstack([posterior.pairs, outside]), 1.0)  # UNMATCHED is the last row
    confidence: Floats = table[labels, np.arange(len(labels))]
    return confidence


def _log_loss(confidence: Floats, right: Floats, weight: Floats) -> float:
    sure = np.clip(confidence, LEAST, 1 - LEAST)
    loss = -(right * np.log(sure) + (1 - right) * np.log(1 - sure))
    return float(np.average(loss, weights=weight))
