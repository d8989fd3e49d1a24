"""What the decoders by similarity share: matches, and their confidence."""

from collections.abc import Sequence

import numpy as np

from mmtool.arrays import Floats

Matches = tuple[tuple[int, int], ...]  # (clip, snippet), in the clips' order


def confidence(
    similarity: Floats, matches: Sequence[tuple[int, int]], *, unmatched: float | None
) -> tuple[Floats, Floats]:
    """How sure each clip (N,) and each snippet (M,) is, from the similarity (M, N) alone.

    A clip chooses between all snippets and, unless ``unmatched`` is None, nothing at that score: a softmax.
    It has the probability of what it was matched with, a snippet the mean over its clips, or, without any,
    the probability that the clip that is most like it does not choose it. The softmax does not know the
    order of the clips, so that long texts make everything less sure.
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
