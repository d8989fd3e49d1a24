"""Log-odds of pairs → evidence for the snippet of each clip."""

import numpy as np

from mmtool.arrays import Floats

_WRONG = 0.05  # of clips, the share about which the scores say nothing at all


def snippet_evidence(log_odds: Floats) -> Floats:
    """How much likelier each snippet is for each clip than none, against the film's average clip, in nats.

    A clip shows one snippet or none, with probabilities in proportion to the odds of each snippet and 1. Both
    sides are compared with their average over the film, so that a common error of all log-odds has little
    effect: a clip that fits as all others do says nothing and has 0 everywhere. One that fits all snippets
    worse speaks against them all. No clip says much more against a snippet than log 0.05 = −3: one misjudged
    clip cannot prevail over its neighbours.

    Args:
        log_odds: (N, M) of N clips and M snippets.

    Returns:
        The evidence (M, N).
    """
    if not log_odds.size:
        return np.zeros(log_odds.T.shape)
    count, snippets = log_odds.shape
    logits = np.concatenate([np.zeros((count, 1)), log_odds], axis=1)  # (N, 1 + M), none first
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    none = np.clip(shares[:, 0].mean(), 1e-12, 1 - 1e-12)
    average = np.concatenate([[none], np.full(snippets, (1 - none) / snippets)])
    likelier = np.log((1 - _WRONG) * shares / average + _WRONG)
    evidence: Floats = (likelier[:, 1:] - likelier[:, :1]).T
    return evidence
