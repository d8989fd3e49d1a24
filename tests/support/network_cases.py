"""Small networks and batches for them."""

import numpy as np
import torch

from mmtool.alignment.network.actions import MANY_TO_MANY, ActionSet, gold_actions
from mmtool.alignment.network.model import AlignmentNetwork, NetworkShape
from mmtool.choices import Inputs, Normalisation

SIZES = [(7, 4), (3, 6), (9, 2), (1, 1)]  # clips and snippets of the samples of one batch


def random_matches(rng: np.random.Generator, clips: int, snippets: int, many: bool) -> set[tuple[int, int]]:
    """A monotone alignment with gaps, one-to-many runs and, where wanted, many-to-one runs."""
    matches, j = set(), 0
    for i in range(clips):
        if rng.random() < 0.6:
            matches.add((i, j))
            if (
                many
                and rng.random() < 0.3
                and j + 1 < snippets
                and not any(k == j for c, k in matches if c < i)
            ):
                j += 1
                matches.add((i, j))
        if rng.random() < 0.5 or any(c == i and k < j for c, k in matches):
            j += 1
        if j >= snippets:
            break
    return matches


def make_case(normalisation: Normalisation, actions, *, inputs: Inputs = Inputs.RP, seed: int = 0):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = AlignmentNetwork(
        NetworkShape(300, 300, len(actions), inputs=inputs, normalisation=normalisation)
    )
    if normalisation is Normalisation.SBN:
        for stack in (network.video_stack, network.text_stack):
            stack.norm.norm.running_mean.uniform_(-0.1, 0.1)
            stack.norm.norm.running_var.uniform_(0.05, 0.2)
    clips = [rng.standard_normal((n, 300)).astype(np.float32) for n, _ in SIZES]
    snippets = [rng.standard_normal((m, 300)).astype(np.float32) for _, m in SIZES]
    action_set = ActionSet(actions)
    gold = [
        gold_actions(random_matches(rng, n, m, actions is MANY_TO_MANY), n, m, action_set) for n, m in SIZES
    ]
    return network, clips, snippets, gold, action_set


def tensors(arrays):
    return [list(torch.from_numpy(a)) for a in arrays]
