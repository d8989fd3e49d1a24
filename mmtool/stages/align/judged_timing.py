"""What alignment by timing knows of its answer: confidence that holds elsewhere, and what to expect."""

from dataclasses import replace

import numpy as np

from mmtool.alignment.odds import shift_to_mean, shifted
from mmtool.alignment.quality import Expected, mean_confidence
from mmtool.alignment.timing.expectation import expected
from mmtool.alignment.timing.hypotheses import CHANNEL, CUTS
from mmtool.alignment.timing.mixture_evidence import MixtureEvidence
from mmtool.alignment.timing.timed_alignment import TimedAlignment
from mmtool.alignment.weak_matches import UnmatchedProbability
from mmtool.records import Alignment, Evidence
from mmtool.stages.align.outputs import Grounds

UNKNOWN_PACE = "the pace of readers is not known for the script of this text"
UNCONFIRMED = "neither cuts nor a known channel confirm where the text is told"
_CONFIRMED = 0.9  # weight of hypotheses that cuts or logos speak for; by chance, random cuts reach 0.8 or so


def with_grounds(alignment: Alignment, timed: TimedAlignment) -> tuple[Alignment, Grounds]:
    """The alignment with the confidence that it deserves, and the grounds to judge it by.

    The mixture of hypotheses knows what such alignments were worth on other data sets: all log-odds are
    shifted until the mean confidence is the accuracy to expect. The model of one channel is believed.
    """
    if timed.mixture is None:
        accuracy = mean_confidence(alignment)
        known = Grounds(expected=Expected(accuracy=accuracy, iou=timed.expected_iou))
        return alignment, replace(known, timing=timed.evidence, unmatched=timed.unmatched)
    found = expected(timed.mixture)
    seconds = np.array([clip.duration for clip in alignment.clips])
    shift = shift_to_mean(found.accuracy, np.array(alignment.clip_confidence), seconds)
    clips, snippets = (
        shifted(np.array(sure, dtype=np.float64), shift)
        for sure in (alignment.clip_confidence, alignment.snippet_confidence)
    )
    corrected = replace(
        alignment, clip_confidence=tuple(clips.tolist()), snippet_confidence=tuple(snippets.tolist())
    )
    return corrected, Grounds(
        expected=found,
        why_unknown="" if timed.mixture.known_pace else UNKNOWN_PACE,
        why_not_sound="" if _is_confirmed(alignment, timed.mixture) else UNCONFIRMED,
        timing=timed.evidence,
        unmatched=UnmatchedProbability(
            clips=shifted(timed.unmatched.clips, shift), snippets=shifted(timed.unmatched.snippets, shift)
        ),
    )


def _is_confirmed(alignment: Alignment, mixture: MixtureEvidence) -> bool:
    """Whether cuts, a known channel or more than timing speak for the places of the text."""
    told = any(evidence not in (None, Evidence.TIMING) for evidence in alignment.evidence)
    confirmed = sum(mixture.weights.get(name, 0.0) for name in (CHANNEL, CUTS))
    return told or confirmed >= _CONFIRMED
