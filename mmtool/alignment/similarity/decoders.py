"""The decoders by similarity, in the form that ``align`` calls; :mod:`mmtool.decoders` lists them."""

from collections.abc import Callable

from mmtool.alignment.similarity.confidence import Matches, confidence
from mmtool.alignment.similarity.dtw import dtw
from mmtool.alignment.similarity.monotone import monotone
from mmtool.alignment.similarity.otam import otam
from mmtool.arrays import Floats
from mmtool.decoders import DecodedVideo, VideoToAlign
from mmtool.settings.align import AlignSettings


def decode_by_dtw(video: VideoToAlign, _: AlignSettings) -> DecodedVideo:
    """Match every clip and every snippet, see :func:`dtw`."""
    return _decoded(video, dtw, unmatched=None)


def decode_by_otam(video: VideoToAlign, _: AlignSettings) -> DecodedVideo:
    """Match all but the head and the tail, see :func:`otam`."""
    return _decoded(video, otam, unmatched=0.0)


def decode_monotonically(video: VideoToAlign, settings: AlignSettings) -> DecodedVideo:
    """Match in order and leave out dissimilar clips, see :func:`monotone`."""
    unmatched, unused = settings.unmatched_score, settings.unused_cost

    def match(similarity: Floats) -> Matches:
        return monotone(similarity, unmatched=unmatched, unused=unused).matches

    return _decoded(video, match, unmatched=unmatched)


def _decoded(
    video: VideoToAlign, match: Callable[[Floats], Matches], *, unmatched: float | None
) -> DecodedVideo:
    """The matches and their confidence; ``unmatched`` is the score of a clip without a snippet."""
    if video.similarity is None:
        raise ValueError("there are no features to compare")
    matches = match(video.similarity)
    of_clips, of_snippets = confidence(video.similarity, matches, unmatched=unmatched)
    return DecodedVideo(matches=matches, clip_confidence=of_clips, snippet_confidence=of_snippets)
