"""How alike clips and snippets are, from features in one space: what similarity-based decoders read."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Matches = tuple[tuple[int, int], ...]  # (clip, snippet), in the clips' order

_NOTHING = 1e-9  # a deviation of cosines that is rounding


def cosine_similarity(snippets: NDArray[np.float32], clips: NDArray[np.float32]) -> Floats:
    """(M, D) and (N, D) → (M, N), each in −1..1; a row of zeros is like nothing and has 0.

    Raises ValueError for features of unequal dimensions.
    """
    if snippets.shape[1] != clips.shape[1]:
        raise ValueError(f"{snippets.shape[1]} dimensions cannot be compared with {clips.shape[1]}")
    similarity: Floats = _unit_rows(snippets) @ _unit_rows(clips).T
    return similarity


def standardised(similarity: Floats) -> Floats:
    """Take off what a clip or a snippet has in common with all others, and scale to unit deviation.

    Encoders give some clips and some texts a high similarity with everything; what is left, (M, N), is how
    much more a pair has than is usual for both. An average pair has 0; where nothing differs, all have.
    """
    snippets, clips = similarity.shape
    centred = similarity - similarity.mean()
    if snippets > 1:
        centred = centred - centred.mean(axis=0)
    if clips > 1:
        centred = centred - centred.mean(axis=1, keepdims=True)
    deviation = centred.std()
    return centred / deviation if deviation > _NOTHING else np.zeros_like(centred)


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


def _unit_rows(features: NDArray[np.float32]) -> Floats:
    rows = features.astype(np.float64)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1.0)
