"""A balanced sub-sample of entries that have several labels each.

Algorithm 1 of the supplement of *What Makes Training Multi-modal Classification Networks Hard?* (Wang, Tran
and Feiszli, CVPR 2020), and a rule that reaches its target.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from mmtool.choices import BalanceRule


def without_rare(labels: Mapping[str, Collection[str]], minimum: int) -> dict[str, tuple[str, ...]]:
    """The labels of each entry, sorted, without those of fewer than ``minimum`` entries.

    Entries that have none left are left out.
    """
    volumes = Counter(label for own in labels.values() for label in set(own))
    kept = {
        entry: tuple(sorted(label for label in set(own) if volumes[label] >= minimum))
        for entry, own in labels.items()
    }
    return {entry: own for entry, own in kept.items() if own}


def balanced_sample(
    labels: Sequence[Sequence[str]], *, target: int, rule: BalanceRule, seed: int
) -> list[int]:
    """Choose entries such that each label has about ``target`` of them.

    Entries are looked at once, in random order. Of an entry's labels, the one decides that has been chosen
    least so far (the first of several): of its V entries in all, v are chosen, and a number is drawn from 0
    to V − v − 1; with :attr:`BalanceRule.EXACT`, to V − s − 1, where s entries of it have been looked at. The
    entry is chosen if the number is below ``target`` − v.

    The literal rule counts chosen entries in place of those that are behind it, so it draws from too many
    and falls short: of 1,000 entries of a single label, with a target of 500, it chooses about 361.

    Args:
        labels: The labels of each entry, at least one.
        target: Entries that each label should have (N).
        rule: What the probability is divided by.
        seed: Seed of the order and of the draws.

    Returns:
        The indices of the chosen entries, ascending.
    """
    rng = np.random.default_rng(seed)
    volumes = Counter(label for own in labels for label in own)
    chosen_of, seen_of = Counter[str](), Counter[str]()
    chosen = []
    for entry in rng.permutation(len(labels)):
        own = labels[entry]
        label = min(own, key=chosen_of.__getitem__)
        behind = chosen_of if rule is BalanceRule.LITERAL else seen_of
        if rng.integers(0, volumes[label] - behind[label]) < target - chosen_of[label]:
            chosen.append(int(entry))
            chosen_of.update(own)
        seen_of.update(own)
    return sorted(chosen)
