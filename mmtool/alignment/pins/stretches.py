"""Pins for decoders that know nothing of them: each stretch between two pins is a video by itself."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mmtool.alignment.pins.clips import FREE, ClipConstraints, clip_constraints
from mmtool.decoders import DecodedVideo, VideoToAlign


class _Stretch(NamedTuple):
    """Consecutive clips, and the consecutive snippets that they may be matched with."""

    clips: range
    snippets: list[int]


def decode_between_pins(video: VideoToAlign, decode: Callable[[VideoToAlign], DecodedVideo]) -> DecodedVideo:
    """Keep the constraints of a video with any decoder of one video.

    What pins decide has confidence 1. Raises ValueError as the decoder does.
    """
    if not video.constraints:
        return decode(replace(video, constraints=None))
    pins = clip_constraints(video.constraints, [clip.interval for clip in video.clips])
    matches: list[tuple[int, int]] = []
    of_clips, of_snippets = np.ones(len(video.clips)), np.ones(len(video.snippets))
    candidates: list[tuple[tuple[int, float], ...]] = [
        () if owner == FREE else ((int(owner), 1.0),) for owner in pins.owner
    ]
    has_candidates = True
    for stretch in _stretches(pins):
        decoded = decode(_part(video, stretch))
        matches += [(stretch.clips[c], stretch.snippets[j]) for c, j in decoded.matches]
        of_clips[stretch.clips] = decoded.clip_confidence
        of_snippets[stretch.snippets] = decoded.snippet_confidence
        has_candidates = has_candidates and len(decoded.candidates) == len(stretch.clips)
        if has_candidates:
            for clip, likely in zip(stretch.clips, decoded.candidates, strict=True):
                candidates[clip] = tuple((stretch.snippets[j], p) for j, p in likely)
    return DecodedVideo(
        matches=pins.kept(matches),
        clip_confidence=of_clips,
        snippet_confidence=of_snippets,
        candidates=tuple(candidates) if has_candidates else (),
    )


def _stretches(pins: ClipConstraints) -> Iterator[_Stretch]:
    """The runs of clips that are free, with the snippets that are allowed in all of their first or last."""
    clips, start = len(pins.owner), 0
    while start < clips:
        if pins.owner[start] != FREE:
            start += 1
            continue
        end = start
        while end < clips and pins.owner[end] == FREE:
            end += 1
        snippets = np.flatnonzero(pins.allowed[:, start:end].any(axis=1)).tolist()
        if snippets:
            yield _Stretch(range(start, end), snippets)
        start = end


def _part(video: VideoToAlign, stretch: _Stretch) -> VideoToAlign:
    similarity = video.similarity
    return replace(
        video,
        clips=[video.clips[clip] for clip in stretch.clips],
        snippets=[video.snippets[snippet] for snippet in stretch.snippets],
        similarity=None if similarity is None else similarity[np.ix_(stretch.snippets, list(stretch.clips))],
        constraints=None,
    )
