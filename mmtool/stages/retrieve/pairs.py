"""Judging pairs of the corpus: each clip is read once, a few at a time, and judged with all of its texts."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from mmtool.records import Progress
from mmtool.retrieval.contract import PairMatcher, Pairs, TextStates
from mmtool.stages.shared.clip_blocks import in_blocks, read_states, require_finite
from mmtool.stages.shared.clip_materials import ClipMaterials

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
    for id, of_film in groupby(used, key=lambda clip: clips[clip][0]):
        for block in in_blocks(list(of_film)):
            states = read_states(matcher, materials, id, [clips[clip][1] for clip in block])
            local = {clip: number for number, clip in enumerate(block)}
            own = np.flatnonzero(np.isin(pairs[:, 0], block))
            of_block = np.array([[local[int(clip)], text] for clip, text in pairs[own]], np.int64)
            found[own] = matcher.logits(states, texts, of_block.reshape(-1, 2))[:, 1]
            done += len(block)
            progress("reranking", done, len(used), "clips")
    require_finite(matcher, found)
    return found
