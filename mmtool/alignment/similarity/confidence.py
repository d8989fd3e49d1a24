"""What the decoders by similarity share: matches and their confidence."""

from collections.abc import Sequence

import numpy as np

from mmtool.arrays import Floats

Matches = tuple[tuple[int, int], ...]  # (clip, snippet), in the clips' order


def confidence(
    similarity: Floats, matches: Sequence[tuple[int, int]], *, unmatched: float | None
) -> tuple[Floats, Floats]:
    """The confidence of each clip (N,) and each snippet (M,), from the similarity (M, N) alone.

    A clip has a softmax over all snippets and, unless ``unmatched`` is None, over having no match, with that
    score. Its confidence is the probability of its match. A snippet has the mean over its clips or, without
    clips, the probability that the most similar clip does not choose it. The softmax ignores the order of
    the clips, so long texts lower all confidence.
    """
    snippets, clips = similarity.shape
    nothing = -np.inf if unmatched is None else unmatched
    table = np.vstack([similarity, np.full(clips, nothing)])  # (M + 1, N)
    chance = np.exp(table - table.max(axis=0))
    chance /= chance.sum(axis=0)
    chosen = np.zeros((snippets, clips), dtype=bool)
    for clip, snippet in matches:
        chosen[snippet, clip] = True
    of_clips = np.where(chosen.any(axis=0), (chance[:-1] * chosen).sum(axis=0), chance[-1])
    count = chosen.sum(axis=1)
    mean = (chance[:-1] * chosen).sum(axis=1) / np.maximum(count, 1)
    return of_clips, np.where(count > 0, mean, 1 - chance[:-1].max(axis=1))
