"""Log-odds of pairs → evidence for the snippet of each clip."""

import numpy as np

from mmtool.arrays import Floats

_WRONG = 0.05  # of clips, the share about which the scores say nothing at all


def snippet_evidence(log_odds: Floats) -> Floats:
    """How much likelier each snippet is for each clip than any snippet of the film, in nats.

    A clip that fits all snippets alike, or none, says nothing and has 0 everywhere, like a clip without a
    snippet. No clip says more against a snippet than log 0.05 = −3: one misjudged clip cannot prevail over
    its neighbours.

    Args:
        log_odds: (N, M) of N clips and M snippets.

    Returns:
        The evidence (M, N).
    """
    if not log_odds.size:
        return np.zeros(log_odds.T.shape)
    fits = np.exp(-np.logaddexp(0, -log_odds))  # (N, M) probabilities of each pair
    total = fits.sum(axis=1, keepdims=True)
    share = fits / np.maximum(total, 1e-300)
    right = (1 - _WRONG) * np.minimum(total, 1.0)  # what fits nothing may show what no snippet tells
    evidence: Floats = np.log(right * share * log_odds.shape[1] + 1 - right).T
    return evidence
