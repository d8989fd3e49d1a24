"""Leave out the matches in which a decoder has little confidence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmtool.alignment.quality import Expected, mean_confidence
from mmtool.arrays import Floats
from mmtool.records import Alignment


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedProbability:
    """The probabilities that each clip has no snippet (N,), and each snippet no clip (M,)."""

    clips: Floats
    snippets: Floats


def without_weak_matches(
    alignment: Alignment, min_confidence: float, unmatched: UnmatchedProbability | None = None
) -> Alignment:
    """Leave out all matches of the clips whose confidence is below ``min_confidence``.

    The confidence is then that of having no match. It is taken from ``unmatched`` or, if the decoder does not
    provide it, is the probability that the match was wrong. A snippet that keeps some clips has their mean
    confidence, weighted by their duration.
    """
    sure, seconds = np.array(alignment.clip_confidence), np.array([c.duration for c in alignment.clips])
    snippet_sure = np.array(alignment.snippet_confidence)
    if unmatched is None:
        unmatched = UnmatchedProbability(clips=1 - sure, snippets=1 - snippet_sure)
    weak = {clip for clip, _ in alignment.matches if sure[clip] < min_confidence}
    kept = tuple((clip, snippet) for clip, snippet in alignment.matches if clip not in weak)
    clip_confidence = np.where(np.isin(np.arange(len(sure)), list(weak)), unmatched.clips, sure)
    for snippet in {snippet for clip, snippet in alignment.matches if clip in weak}:
        own = [clip for clip, matched in kept if matched == snippet]
        snippet_sure[snippet] = _mean(sure[own], seconds[own]) if own else unmatched.snippets[snippet]
    return replace(
        alignment,
        matches=kept,
        clip_confidence=tuple(clip_confidence.tolist()),
        snippet_confidence=tuple(snippet_sure.tolist()),
    )


def expected_of_rest(expected: Expected, before: Alignment, rest: Alignment) -> Expected:
    """What to expect of an alignment without its weak matches, from what was expected ``before``.

    The accuracy changes by as much as the mean confidence. The text IoU changes by the same factor as the sum
    of the snippets' expected overlaps: 1 without a weak match, 0 if nothing remains, and above 1 if the
    matches that are left out were more likely to be wrong than right.
    """
    accuracy = expected.accuracy + mean_confidence(rest) - mean_confidence(before)
    iou = expected.iou
    if iou is not None:
        whole = _overlap(before, before.matches)
        iou = min(iou * _overlap(before, rest.matches) / whole, 1.0) if whole else 0.0
    return Expected(accuracy=min(max(accuracy, 0.0), 1.0), iou=iou)


def _overlap(alignment: Alignment, matches: Sequence[tuple[int, int]]) -> float:
    """The sum of the snippets' expected IoU with ``matches``, each as long in truth as in ``alignment``."""
    seconds = np.array([clip.duration for clip in alignment.clips])
    truth, given, shared = np.zeros((3, len(alignment.snippets)))
    for clip, snippet in alignment.matches:
        truth[snippet] += seconds[clip]
    for clip, snippet in matches:
        given[snippet] += seconds[clip]
        shared[snippet] += seconds[clip] * alignment.clip_confidence[clip]
    united = truth + given - shared
    return float((shared / np.where(united > 0, united, 1.0)).sum())


def _mean(values: Sequence[float] | Floats, seconds: Floats) -> float:
    return float(np.average(values, weights=seconds if seconds.sum() else None))
