"""Whether an alignment can be trusted, judged without the truth: a verdict and its reasons.

The thresholds were chosen on the training and validation videos of YouTube Movie Summaries.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmtool.arrays import Floats
from mmtool.records import Alignment, Quality

SURE = 0.5  # an alignment with a lower expected accuracy is doubtful
LONG, SHORT = 1.4, 0.6  # ratios of reading time to available time
UNCERTAIN = 20.0  # seconds; greatest width of the 80 % interval of the start, or the end
FEWEST_SNIPPETS = 0.5  # share of the snippets that have a clip
FEWEST_CLIPS = 0.3  # share of the clips' time that has a snippet


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingEvidence:
    """What the timing of a narration says about its alignment, in seconds.

    ``reading`` is the time that it takes to read the whole text aloud, ``room`` the available time. ``start``
    and ``end`` are the widths of the intervals in which the narration starts, and ends, with a probability
    of 80 %.
    """

    reading: float
    room: float
    start: float
    end: float


def judge(alignment: Alignment, timing: TimingEvidence | None = None) -> Quality:
    """The expected accuracy of an alignment and the reasons to doubt it.

    Confidence and matches are judged for every decoder, ``timing`` only for those that model a narration.
    """
    seconds = np.array([clip.duration for clip in alignment.clips])
    confidence = np.array(alignment.clip_confidence)
    expected = _mean(confidence, seconds)
    reasons = [] if timing is None else _doubts_of_timing(timing)
    if expected < SURE:
        reasons.append(f"low confidence: about {100 * expected:.0f} % expected correct")
    snippets = {snippet for _, snippet in alignment.matches}
    if len(snippets) < FEWEST_SNIPPETS * len(alignment.snippets):
        reasons.append(
            f"{len(alignment.snippets) - len(snippets)} of {len(alignment.snippets)} snippets were not placed"
        )
    matched = np.isin(np.arange(len(seconds)), [clip for clip, _ in alignment.matches])
    share = _mean(matched.astype(np.float64), seconds)
    if share < FEWEST_CLIPS:
        reasons.append(f"few clips matched: {100 * share:.0f} % of the time")
    return Quality(expected, tuple(reasons))


def spread(times: Floats, probability: Floats) -> float:
    """The width of the interval that holds the inner 80 % of a distribution over ascending times (X,)."""
    cumulated = np.cumsum(probability)
    low, high = np.searchsorted(cumulated, [0.1 * cumulated[-1], 0.9 * cumulated[-1]])
    return float(times[high] - times[low])


def _doubts_of_timing(timing: TimingEvidence) -> list[str]:
    lengths = f"it takes {timing.reading:.0f} s to read aloud, and has {timing.room:.0f} s"
    doubts: Sequence[tuple[bool, str]] = (
        (timing.reading > LONG * timing.room, f"text too long for the video: {lengths}"),
        (timing.reading < SHORT * timing.room, f"text much shorter than the video: {lengths}"),
        (timing.start > UNCERTAIN, f"start of the narration uncertain: within {timing.start:.0f} s"),
        (timing.end > UNCERTAIN, f"end of the narration uncertain: within {timing.end:.0f} s"),
    )
    return [reason for holds, reason in doubts if holds]


def _mean(values: Floats, seconds: Floats) -> float:
    """The mean weighted by the clips' seconds; 0 if there are none."""
    return float(values @ seconds / seconds.sum()) if seconds.sum() else 0.0
