"""Measures of a network in training on whole videos."""

from collections.abc import Sequence

from mmtool.alignment.network.actions import ActionSet
from mmtool.alignment.network.batch import Sequences
from mmtool.alignment.network.greedy import decode_greedily
from mmtool.alignment.network.model import AlignmentNetwork
from mmtool.evaluation.measures import score, summarise
from mmtool.stages.shared.annotated_videos import AnnotatedVideo
from mmtool.stages.shared.network_timing import pad_timing

DECODE_BATCH = 32
TIMING_WEIGHTS = (0.0, 0.5, 1.0, 2.0, 4.0)  # of the timing prior; the best on validation is chosen


class Validation:
    """Measures the validation videos with each weight of the timing prior, and keeps the best weight."""

    def __init__(
        self, videos: Sequence[AnnotatedVideo], action_set: ActionSet, weights: Sequence[float]
    ) -> None:
        self._videos, self._action_set, self._weights = videos, action_set, weights
        self.weight = weights[0]

    def measure(self, network: AlignmentNetwork) -> tuple[float, float]:
        """Mean video accuracy and text IoU, 0..1, with the weight that has the greatest sum of both."""
        measured = {w: measure(network, self._videos, self._action_set, w) for w in self._weights}
        self.weight = max(measured, key=lambda weight: sum(measured[weight]))
        return measured[self.weight]


def measure(
    network: AlignmentNetwork, videos: Sequence[AnnotatedVideo], action_set: ActionSet, weight: float
) -> tuple[float, float]:
    """Mean video accuracy and text IoU, 0..1, of greedy decoding over whole videos."""
    device = next(network.parameters()).device
    scores = {}
    for start in range(0, len(videos), DECODE_BATCH):
        batch = videos[start : start + DECODE_BATCH]
        decoded = decode_greedily(
            network,
            Sequences.pad([video.clips for video in batch]).to(device),
            Sequences.pad([video.snippets for video in batch]).to(device),
            action_set,
            **pad_timing([video.timing for video in batch], weight),
        )
        for video, alignment in zip(batch, decoded, strict=True):
            scores[video.id] = score(video.intervals, video.truth, alignment.matches)
    summary = summarise(scores, resamples=1)
    return summary.video_accuracy.value, summary.text_iou.value
