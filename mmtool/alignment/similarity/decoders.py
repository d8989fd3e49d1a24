"""The decoders by similarity, in the form that ``align`` calls; :mod:`mmtool.decoders` lists them."""

from collections.abc import Callable

import numpy as np

from mmtool.alignment.pins.clips import FREE, ClipConstraints, clip_constraints
from mmtool.alignment.similarity.confidence import Matches, confidence
from mmtool.alignment.similarity.dtw import dtw
from mmtool.alignment.similarity.monotone import monotone
from mmtool.alignment.similarity.otam import otam
from mmtool.arrays import Floats
from mmtool.decoders import DecodedVideo, VideoToAlign
from mmtool.settings.align import AlignSettings

_FORBIDDEN = 1e6  # score that a pair costs that pins exclude; far above any sum of similarities

Match = Callable[[Floats, Floats], Matches]
"""Matches snippets and clips by similarity (M, N), where leaving out each clip costs at least (N,)."""


def decode_by_dtw(video: VideoToAlign, _: AlignSettings) -> DecodedVideo:
    """Match every clip and every snippet, see :func:`dtw`."""
    return _decoded(video, lambda similarity, _: dtw(similarity), unmatched=None)


def decode_by_otam(video: VideoToAlign, _: AlignSettings) -> DecodedVideo:
    """Match all but the head and the tail, see :func:`otam`."""
    return _decoded(video, otam, unmatched=0.0)


def decode_monotonically(video: VideoToAlign, settings: AlignSettings) -> DecodedVideo:
    """Match in order and leave out dissimilar clips, see :func:`monotone`."""
    unmatched, unused = settings.unmatched_score, settings.unused_cost

    def match(similarity: Floats, pinned: Floats) -> Matches:
        return monotone(similarity, unmatched=unmatched - pinned, unused=unused).matches

    return _decoded(video, match, unmatched=unmatched)


def _decoded(video: VideoToAlign, match: Match, *, unmatched: float | None) -> DecodedVideo:
    """The matches and their confidence; ``unmatched`` is the score of a clip without a snippet."""
    if video.similarity is None:
        raise ValueError("there are no features to compare")
    if video.constraints:
        pins = clip_constraints(video.constraints, [clip.interval for clip in video.clips])
        return _pinned(video.similarity, pins, match, unmatched)
    matches = match(video.similarity, np.zeros(len(video.clips)))
    of_clips, of_snippets = confidence(video.similarity, matches, unmatched=unmatched)
    return DecodedVideo(matches=matches, clip_confidence=of_clips, snippet_confidence=of_snippets)


def _pinned(similarity: Floats, pins: ClipConstraints, match: Match, unmatched: float | None) -> DecodedVideo:
    """The best matches that pins allow; what pins decide has confidence 1.

    A decoder that must match every snippet can be left without a clip for one between two pins; that one
    then has none.
    """
    present = np.flatnonzero(~pins.absent)
    found: Matches = ()
    if len(present):
        possible = np.where(pins.allowed, similarity, similarity - _FORBIDDEN)[present]
        must = np.where(pins.owner == FREE, 0.0, _FORBIDDEN)
        found = tuple((clip, int(present[row])) for clip, row in match(possible, must))
    matches = pins.kept(found)
    of_clips, of_snippets = confidence(similarity, matches, unmatched=unmatched)
    of_clips, of_snippets = pins.surer(matches, of_clips, of_snippets)
    return DecodedVideo(matches=matches, clip_confidence=of_clips, snippet_confidence=of_snippets)
