"""Pins in an alignment by timing, whose grid is coarser than pins are."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmtool.alignment.expected_iou import expected_iou
from mmtool.alignment.pins.clips import FREE, clip_constraints
from mmtool.alignment.timing.minimum_risk import UNMATCHED
from mmtool.alignment.timing.timed_alignment import TimedAlignment, confidence_of, likely_snippets
from mmtool.constraints import Constraints
from mmtool.records import Interval


def with_pins_to_the_clip(
    aligned: TimedAlignment, constraints: Constraints, clips: Sequence[Interval], temperature: float
) -> TimedAlignment:
    """Give every pinned snippet exactly its clips, in the labels and in their probabilities."""
    pins = clip_constraints(constraints, clips)
    owned = pins.owner != FREE
    posterior = np.where(pins.allowed, aligned.posterior, 0.0)
    posterior[:, owned] = 0.0
    posterior[pins.owner[owned], np.flatnonzero(owned)] = 1.0
    labels = np.where(owned, pins.owner, aligned.labels)
    excluded = (labels != UNMATCHED) & ~pins.allowed[labels, np.arange(len(labels))]
    labels[excluded] = UNMATCHED
    durations = np.array([clip.end - clip.start for clip in clips])
    unmatched, of_clips, of_snippets = confidence_of(labels, posterior, durations, temperature)
    shared = tuple(dict.fromkeys([*aligned.shared, *pins.shared]))
    shared = tuple((c, j) for c, j in shared if labels[c] != j and not pins.absent[j])
    placed = {*labels.tolist(), *(j for _, j in shared)}
    for snippet in np.flatnonzero(constraints.pinned).tolist():
        if snippet in placed and snippet not in labels:
            of_snippets[snippet] = 1.0
    for _, snippet in aligned.shared:
        if snippet not in labels and not constraints.pinned[snippet]:
            of_snippets[snippet] = aligned.snippet_confidence[snippet]
    of_snippets[pins.absent] = 1.0
    return replace(
        aligned,
        labels=labels,
        posterior=posterior,
        clip_confidence=of_clips,
        snippet_confidence=of_snippets,
        unmatched=unmatched,
        candidates=likely_snippets(posterior, temperature),
        shared=shared,
        expected_iou=expected_iou(labels, posterior, durations),
    )
