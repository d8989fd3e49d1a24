"""Whether an alignment can be trusted, judged without the truth: what to expect of it, and a verdict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmtool.arrays import Floats
from mmtool.records import Alignment, Quality, Verdict, percentage

RULES = 3  # is raised when the same alignment is judged differently, so that it is judged again
# Bounds of the expected text IoU, or of the expected accuracy where no IoU is known; clips without text make
# accuracy high. They were chosen on several data sets, each expected by a model fitted without it, so that
# sound alignments are better than doubtful ones by more than 15 points; between them, nothing is said.
SOUND, DOUBTFUL = 0.30, 0.20
SOUND_ACCURACY, DOUBTFUL_ACCURACY = 0.50, 0.35
LONG, SHORT = 1.4, 0.6  # ratios of reading time to available time
UNCERTAIN = 20.0  # seconds; greatest width of the 80 % interval of the start, or the end
FEWEST_SNIPPETS = 0.5  # share of the snippets that have a clip
FEWEST_CLIPS = 0.3  # share of the clips' time that has a snippet
NOT_COMPARED = "its confidence was never compared with annotations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The video accuracy and the text IoU that an alignment is expected to reach, 0..1, if all goes well.

    Both are calibrated: such alignments have been compared with annotations. ``iou`` is None where only the
    accuracy has been.
    """

    accuracy: float
    iou: float | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict by the text IoU, or by the accuracy where that is all that is known."""
        if self.iou is None:
            value, sound, doubtful = self.accuracy, SOUND_ACCURACY, DOUBTFUL_ACCURACY
        else:
            value, sound, doubtful = self.iou, SOUND, DOUBTFUL
        if value >= sound:
            return Verdict.SOUND
        return Verdict.DOUBTFUL if value <= doubtful else Verdict.UNKNOWN


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

    @property
    def too_long(self) -> bool:
        """Whether the text cannot be read in this time."""
        return self.reading > LONG * self.room


def judge(
    alignment: Alignment,
    expected: Expected | None,
    timing: TimingEvidence | None = None,
    *,
    why_unknown: str = "",
    why_not_sound: str = "",
) -> Quality:
    """The verdict on an alignment, and its reasons.

    Args:
        alignment: The alignment of one video.
        expected: What is expected of it; None if nothing is known, so that the verdict is unknown.
        timing: Further grounds, of decoders that model a narration.
        why_unknown: The reason for an unknown verdict if nothing is expected, or if what is expected cannot
            inform a verdict; empty if it can.
        why_not_sound: The reason why what is expected informs no sound verdict; empty if it can.
    """
    quality = Quality(placed=count_placed(alignment), snippets=len(alignment.snippets))
    if expected is None:
        return replace(quality, reasons=(why_unknown or NOT_COMPARED,))
    quality = replace(quality, expected_iou=expected.iou, expected_accuracy=expected.accuracy)
    if why_unknown:
        return replace(quality, reasons=(why_unknown,))
    verdict = _verdict(expected, timing)
    if verdict is Verdict.SOUND and why_not_sound:
        return replace(quality, reasons=(why_not_sound,))
    return replace(
        quality,
        verdict=verdict,
        reasons=() if verdict is Verdict.SOUND else tuple(_reasons(alignment, expected, timing)),
    )


def count_placed(alignment: Alignment) -> int:
    """The number of snippets that have a clip."""
    return len({snippet for _, snippet in alignment.matches})


def mean_confidence(alignment: Alignment) -> float:
    """The mean confidence of the clips, weighted by their duration: their expected accuracy if calibrated."""
    seconds = np.array([clip.duration for clip in alignment.clips])
    return _mean(np.array(alignment.clip_confidence), seconds)


def spread(times: Floats, probability: Floats) -> float:
    """The width of the interval that holds the inner 80 % of a distribution over ascending times (X,)."""
    cumulated = np.cumsum(probability)
    low, high = np.searchsorted(cumulated, [0.1 * cumulated[-1], 0.9 * cumulated[-1]])
    return float(times[high] - times[low])


def _verdict(expected: Expected, timing: TimingEvidence | None) -> Verdict:
    if timing is not None and timing.too_long:
        return Verdict.DOUBTFUL
    return expected.verdict


def _reasons(alignment: Alignment, expected: Expected, timing: TimingEvidence | None) -> Iterator[str]:
    """What is expected, and what may explain that it is not more."""
    if timing is not None:
        yield from _doubts_of_timing(timing)
    if expected.verdict is not Verdict.SOUND:
        iou = "" if expected.iou is None else f"text IoU {percentage(expected.iou)}, "
        what = "low" if expected.verdict is Verdict.DOUBTFUL else "middling"
        yield f"{what} expectations: {iou}accuracy {percentage(expected.accuracy)}"
    missing = len(alignment.snippets) - count_placed(alignment)
    if missing > (1 - FEWEST_SNIPPETS) * len(alignment.snippets):
        yield f"{missing} of {len(alignment.snippets)} snippets were not placed"
    seconds = np.array([clip.duration for clip in alignment.clips])
    matched = np.isin(np.arange(len(seconds)), [clip for clip, _ in alignment.matches])
    share = _mean(matched.astype(np.float64), seconds)
    if share < FEWEST_CLIPS:
        yield f"few clips matched: {100 * share:.0f} % of the time"


def _doubts_of_timing(timing: TimingEvidence) -> list[str]:
    lengths = f"it takes {timing.reading:.0f} s to read aloud, and has {timing.room:.0f} s"
    doubts: Sequence[tuple[bool, str]] = (
        (timing.too_long, f"text too long for the video: {lengths}"),
        (timing.reading < SHORT * timing.room, f"text much shorter than the video: {lengths}"),
        (timing.start > UNCERTAIN, f"start of the narration uncertain: within {timing.start:.0f} s"),
        (timing.end > UNCERTAIN, f"end of the narration uncertain: within {timing.end:.0f} s"),
    )
    return [reason for holds, reason in doubts if holds]


def _mean(values: Floats, seconds: Floats) -> float:
    """The mean weighted by the clips' seconds; 0 if there are none."""
    return float(values @ seconds / seconds.sum()) if seconds.sum() else 0.0
