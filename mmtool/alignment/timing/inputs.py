"""What every alignment by timing requires of its clips and texts."""

from collections.abc import Sequence

import numpy as np

from mmtool.arrays import Floats
from mmtool.records import Interval


class ExtentError(ValueError):
    """The given start or end of the narration lies outside the video."""


def check_inputs(
    clips: Sequence[Interval],
    texts: Sequence[str],
    emissions: Floats | None,
    text_start: float | None,
    text_end: float | None,
) -> None:
    """Raise ValueError, or ExtentError for the given extent, as :func:`semi_markov.align_narration` says."""
    if not clips:
        raise ValueError("there are no clips")
    for number, clip in enumerate(clips):
        if not clip.start < clip.end:
            raise ValueError(f"clip {number} has no duration")
        if number and clip.start < clips[number - 1].start:
            raise ValueError(f"clip {number} starts before clip {number - 1}")
    if texts and not spoken_texts(texts):
        raise ValueError("snippet 0 has no letters, nor has any other")
    if emissions is not None:
        if emissions.shape != (len(texts), len(clips)):
            raise ValueError(f"the similarity is {emissions.shape}, not {(len(texts), len(clips))}")
        if not np.isfinite(emissions).all():
            raise ValueError("the similarity has values that are not finite")
    first, last = clips[0].start, max(clip.end for clip in clips)
    start, end = (first if text_start is None else text_start), (last if text_end is None else text_end)
    if not first <= start < end <= last:
        raise ExtentError(
            f"the narration from {start:g} to {end:g} s is outside of the video, {first:g} to {last:g} s"
        )


def spoken_texts(texts: Sequence[str]) -> list[int]:
    """The numbers of the texts that have letters or digits, so that a narrator can read them."""
    return [number for number, text in enumerate(texts) if any(map(str.isalnum, text))]
