"""The similarity of clips and snippets, from features in one space."""

import numpy as np
from numpy.typing import NDArray

from mmtool.arrays import Floats

_ROUNDING = 1e-9  # a standard deviation of cosines that is only rounding error


def cosine_similarity(snippets: NDArray[np.float32], clips: NDArray[np.float32]) -> Floats:
    """(M, D) and (N, D) → (M, N), each in −1..1; a row of zeros has similarity 0.

    Raises ValueError for features of different dimensions.
    """
    if snippets.shape[1] != clips.shape[1]:
        raise ValueError(f"{snippets.shape[1]} dimensions cannot be compared with {clips.shape[1]}")
    similarity: Floats = _unit_rows(snippets) @ _unit_rows(clips).T
    return similarity


def standardised(similarity: Floats) -> Floats:
    """Subtract the mean similarity (M, N) of each clip and each snippet, and scale to unit deviation.

    Encoders give some clips and some texts a high similarity with everything; what remains is how much more
    similar a pair is than is usual for both. An average pair has 0; if all pairs are equal, all have 0.
    """
    snippets, clips = similarity.shape
    centred = similarity - similarity.mean()
    if snippets > 1:
        centred = centred - centred.mean(axis=0)
    if clips > 1:
        centred = centred - centred.mean(axis=1, keepdims=True)
    deviation = centred.std()
    return centred / deviation if deviation > _ROUNDING else np.zeros_like(centred)


def _unit_rows(features: NDArray[np.float32]) -> Floats:
    rows = features.astype(np.float64)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1.0)
