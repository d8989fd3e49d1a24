"""Which pairs of a film's clips and snippets a fusion encoder judges: those that something finds likely."""

import numpy as np
from numpy.typing import NDArray

from mmtool.retrieval.contract import Pairs

LIKELY = 0.01  # of timing; less likely pairs are judged only where the similarity finds them


def likely_pairs(
    similarity: NDArray[np.floating], k: int, timing: NDArray[np.floating] | None = None
) -> Pairs:
    """The pairs (P, 2) of clip and snippet to judge, in the order of clips.

    Args:
        similarity: (N, M): cosines of N clips and M snippets.
        k: Each snippet's most similar clips are judged, and each clip's most similar snippets; of equals,
            the earlier ones.
        timing: (N, M): probabilities of the pairs by timing. Those of at least ``LIKELY`` are judged too.
    """
    chosen = np.zeros(similarity.shape, bool)
    if similarity.size:
        best_clips = np.argsort(-similarity, axis=0, kind="stable")[:k]  # (k, M)
        best_snippets = np.argsort(-similarity, axis=1, kind="stable")[:, :k]  # (N, k)
        np.put_along_axis(chosen, best_clips, True, axis=0)
        np.put_along_axis(chosen, best_snippets, True, axis=1)
    if timing is not None:
        chosen |= timing >= LIKELY
    pairs: Pairs = np.argwhere(chosen).astype(np.int64)
    return pairs
