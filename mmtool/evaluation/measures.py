"""Video accuracy and text IoU of one video and of many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from mmtool.evaluation.overlaps import Seconds, covered, durations, uncovered, union
from mmtool.records import Interval


@dataclass(frozen=True, slots=True)
class VideoScore:
    """The score of one video's matches.

    ``ious`` holds one temporal IoU for each annotated snippet, in reading order.
    """

    correct_seconds: float
    clip_seconds: float
    ious: tuple[float, ...]

    @property
    def video_accuracy(self) -> float:
        """The correct share of the clips' time; nan where the clips have no length."""
        return self.correct_seconds / self.clip_seconds if self.clip_seconds else nan

    @property
    def text_iou(self) -> float:
        """The mean over the annotated snippets; nan where there are none."""
        return _mean(self.ious)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over videos with its confidence interval ``low``..``high``; nan where it is undefined."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The measures over many videos.

    Macro measures are means over the videos for which they are defined. Micro measures pool all videos:
    correct time over all time, and the mean over all annotated snippets.
    """

    videos: int
    snippets: int
    video_accuracy: Estimate
    text_iou: Estimate
    micro_video_accuracy: float
    micro_text_iou: float


def score(
    clips: Sequence[Interval], truth: Sequence[Interval | None], matches: Sequence[tuple[int, int]]
) -> VideoScore:
    """Measure the matches, pairs of a clip 0..N-1 and a snippet 0..M-1, of one video.

    A clip is correct while it overlaps the union of its snippets' intervals, or, without a snippet,
    while it overlaps none of the annotated intervals. A snippet whose truth is None makes none of its
    clips correct, and has no IoU. The IoU of the others is between their interval and the union of
    their clips: 0 without clips.

    Raises:
        ValueError: A match names a clip or a snippet that does not exist.
    """
    correct = correct_seconds(clips, truth, matches)
    clips_of: dict[int, list[Interval]] = {}
    for clip, snippet in matches:
        clips_of.setdefault(snippet, []).append(clips[clip])
    return VideoScore(
        correct_seconds=float(correct.sum()),
        clip_seconds=float(durations(clips).sum()),
        ious=tuple(
            temporal_iou(clips_of.get(snippet, []), interval)
            for snippet, interval in enumerate(truth)
            if interval is not None
        ),
    )


def correct_seconds(
    clips: Sequence[Interval], truth: Sequence[Interval | None], matches: Sequence[tuple[int, int]]
) -> Seconds:
    """The seconds (N,) for which each clip is correct; rules and errors as in :func:`score`."""
    snippets_of: dict[int, list[int]] = {}
    for clip, snippet in matches:
        if not (0 <= clip < len(clips) and 0 <= snippet < len(truth)):
            raise ValueError(
                f"match ({clip}, {snippet}) is outside the {len(clips)} clips and {len(truth)} snippets"
            )
        snippets_of.setdefault(clip, []).append(snippet)
    correct = uncovered(clips, truth)  # (N,)
    for clip, snippets in snippets_of.items():
        correct[clip] = covered([clips[clip]], [truth[snippet] for snippet in snippets])[0]
    return correct


def temporal_iou(clips: Sequence[Interval], interval: Interval) -> float:
    """Return the intersection over union, 0..1, of the union of some clips with an interval."""
    clip_seconds = float(durations(union(clips)).sum())
    shared = float(covered([interval], clips)[0])
    united = clip_seconds + (interval.end - interval.start) - shared
    return shared / united if united else 0.0


def summarise(
    scores: Mapping[str, VideoScore], *, resamples: int = 1000, confidence: float = 0.95, seed: int = 0
) -> Summary:
    """Summarise the scores of many videos, given by id.

    The confidence intervals are those of the percentile bootstrap over videos (Efron 1979); they depend
    on the ids and the seed, not on the order of ``scores``. A video without clips has no video
    accuracy, and one without annotated snippets has no text IoU: that measure omits the video.
    """
    videos = [scores[video_id] for video_id in sorted(scores)]
    ious = [iou for video in videos for iou in video.ious]
    pooled = VideoScore(
        correct_seconds=sum(video.correct_seconds for video in videos),
        clip_seconds=sum(video.clip_seconds for video in videos),
        ious=tuple(ious),
    )

    def estimate(values: list[float]) -> Estimate:
        return bootstrap(np.array(values), resamples=resamples, confidence=confidence, seed=seed)

    return Summary(
        videos=len(videos),
        snippets=len(ious),
        video_accuracy=estimate([video.video_accuracy for video in videos]),
        text_iou=estimate([video.text_iou for video in videos]),
        micro_video_accuracy=pooled.video_accuracy,
        micro_text_iou=pooled.text_iou,
    )


def bootstrap(values: Seconds, *, resamples: int, confidence: float, seed: int) -> Estimate:
    """The mean of the defined values with the percentile bootstrap's confidence interval (Efron 1979)."""
    defined = values[~np.isnan(values)]
    if not len(defined):
        return Estimate(nan, nan, nan)
    drawn = np.random.default_rng(seed).integers(len(defined), size=(resamples, len(defined)))
    means = defined[drawn].mean(axis=1)  # (resamples,)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(float(defined.mean()), float(low), float(high))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else nan
