"""Judging pairs of the corpus: each clip is read once, a few at a time, and judged with all of its texts."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from mmtool.errors import CallError
from mmtool.records import Progress
from mmtool.retrieval.contract import ClipInput, PairMatcher, Pairs, TextStates
from mmtool.stages.shared.clip_materials import ClipMaterials

TOGETHER = 16  # clips whose states are held at a time: BLIP's are 2 MB a frame

ClipKey = tuple[str, int]  # the video and the clip, from 0


def judged_pairs(
    matcher: PairMatcher,
    materials: ClipMaterials,
    clips: Sequence[ClipKey],
    texts: TextStates,
    pairs: Pairs,
    progress: Progress,
) -> NDArray[np.float32]:
    """The logits of "match" (P,) of pairs (P, 2) of an index into ``clips`` and of a text.

    Raises CallError if the matcher returns scores that are not finite, InputError if a film cannot be read.
    """
    found = np.zeros(len(pairs), np.float32)
    used = sorted({int(clip) for clip in pairs[:, 0]}, key=lambda clip: clips[clip])
    done = 0
    for block, inputs in _blocks(materials, clips, used):
        states = matcher.clips(inputs)
        local = {clip: number for number, clip in enumerate(block)}
        own = np.flatnonzero(np.isin(pairs[:, 0], block))
        of_block = np.array([[local[int(clip)], text] for clip, text in pairs[own]], np.int64).reshape(-1, 2)
        found[own] = matcher.logits(states, texts, of_block)[:, 1]
        done += len(block)
        progress("reranking", done, len(used), "clips")
    if not np.isfinite(found).all():
        name = matcher.identity.name
        raise CallError(f"{name} returned scores that are not finite numbers; try `precision=fp32`")
    return found


def _blocks(
    materials: ClipMaterials, clips: Sequence[ClipKey], used: Sequence[int]
) -> Iterator[tuple[list[int], list[ClipInput]]]:
    """Some of the used clips with what the matcher reads of them, film by film."""
    for id, of_film in groupby(used, key=lambda clip: clips[clip][0]):
        waiting = list(of_film)
        for start in range(0, len(waiting), TOGETHER):
            block = waiting[start : start + TOGETHER]
            yield block, materials.read(id, [clips[clip][1] for clip in block])
