"""Whether scores of clips and snippets tell which belong together, by a permutation test."""

from collections.abc import Sequence

import numpy as np

from mmtool.arrays import Floats

PERMUTATIONS = 2000
CHANCE = 0.01  # scores that reach theirs more often by chance say nothing


def chance_of_scores(films: Sequence[tuple[Floats, Sequence[int | None]]]) -> float:
    """The share, 0..1, of random assignments of score columns to snippets that are as good as the true one.

    What counts is the mean score of matched clips in their snippets. Nothing is assumed of how scores are
    distributed, or of how neighbouring clips resemble each other.

    Args:
        films: For each film, the scores (M, N) and the snippet of each of the N clips, None without one.

    Returns:
        1 if no clip has a snippet. The permutations are the same in every call.
    """
    dice = np.random.default_rng(0)
    true, permuted = 0.0, np.zeros(PERMUTATIONS)
    for scores, labels in films:
        count = len(scores)
        owned = np.array([[label == own for label in labels] for own in range(count)], float)  # (M, N)
        total = owned.sum()
        if not total:
            continue
        collected = owned @ scores.T / total  # (M, M): what the clips of a snippet have in each column
        true += float(np.trace(collected))
        orders = np.argsort(dice.random((PERMUTATIONS, count)), axis=1)
        permuted += collected[np.arange(count), orders].sum(axis=1)
    return float((1 + (permuted >= true - 1e-9).sum()) / (1 + PERMUTATIONS))
