"""The log-odds of pairs that were not judged, from their similarity."""

import numpy as np
from numpy.typing import NDArray

from mmtool.retrieval.contract import LogOdds, Pairs

FEWEST = 3  # judged pairs from which a line is fitted


def extended(
    similarity: NDArray[np.floating], pairs: Pairs, log_odds: LogOdds
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """All log-odds (N, M) of a film, and which of them were judged (N, M).

    Log-odds are taken to be an affine function of the similarity; it is fitted to the judged pairs by least
    squares, and never falls. Where that tells nothing, because few pairs were judged or all are equally
    similar, the others get the least log-odds of the judged ones, for they were found unlikely.

    Args:
        similarity: (N, M): cosines of N clips and M snippets.
        pairs: (P, 2): clips and snippets that were judged.
        log_odds: (P,): what came out.

    Raises:
        ValueError: No pair was judged, though there are pairs.
    """
    judged = np.zeros(similarity.shape, bool)
    judged[pairs[:, 0], pairs[:, 1]] = True
    if not similarity.size:
        return np.zeros(similarity.shape, np.float32), judged
    if not len(pairs):
        raise ValueError("no pair was judged")
    x = similarity[pairs[:, 0], pairs[:, 1]].astype(np.float64)
    y = log_odds.astype(np.float64)
    spread = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread if spread > 1e-12 else 0.0
    if len(pairs) < FEWEST or slope <= 0:
        found = np.full(similarity.shape, y.min())
    else:
        found = y.mean() + slope * (similarity.astype(np.float64) - x.mean())
    found[pairs[:, 0], pairs[:, 1]] = y
    return found.astype(np.float32), judged
