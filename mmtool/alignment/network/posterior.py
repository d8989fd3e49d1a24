"""The posterior of a network's alignments: how probable each label is over all sequences of actions.

The probability of the action that a decoder took says little: the network is over-confident, and does not
know what it would have done elsewhere. Here its logits are computed with every clip and every snippet on top,
and the probabilities of all sequences of actions are added up over the resulting lattice. What the network
reads of earlier actions is taken from the greedy sequence: before each clip, the Action and the Matched Stack
hold what they held when that clip came to the top.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mmtool.alignment.network.actions import MATCHES, POPS_CLIP, POPS_SNIPPET, ActionSet
from mmtool.alignment.network.batch import Sequences
from mmtool.alignment.network.greedy import greedy_steps
from mmtool.alignment.network.model import AlignmentNetwork
from mmtool.alignment.network.stepping import CONTEXT, Stepper
from mmtool.alignment.network.time_inputs import PairTables
from mmtool.alignment.network.trace import positional_features
from mmtool.arrays import Floats, Floats32


@dataclass(frozen=True, slots=True)
class LabelPosterior:
    """The probabilities of the labels of N clips and M snippets.

    ``pairs`` (M, N) is the probability that a snippet and a clip match, ``placed`` (M,) that a snippet has a
    clip at all.
    """

    pairs: Floats
    placed: Floats


@torch.inference_mode()
def pair_logits(
    network: AlignmentNetwork,
    clips: Sequences,
    snippets: Sequences,
    action_set: ActionSet,
    *,
    inputs: PairTables | None = None,
    prior: PairTables | None = None,
) -> list[Floats32]:
    """The logits (N, M, K) of B videos, with every clip and every snippet on top.

    The arguments are those of :func:`decode_greedily`. The cost is that of the classifier for each pair.
    """
    network.eval()
    stepper = Stepper(network, clips, snippets)
    contexts = np.zeros((len(clips.lengths), clips.features.shape[1], CONTEXT), np.float32)
    reached = np.zeros(len(contexts), dtype=np.int64)  # the last clip that was on top
    for step in greedy_steps(stepper, clips, snippets, action_set, inputs, prior):
        running = np.flatnonzero(step.running)
        contexts[running, step.clip[running]] = stepper.context[running]
        reached[running] = step.clip[running]
    tables = []
    for video, (n, m) in enumerate(zip(clips.lengths.tolist(), snippets.lengths.tolist(), strict=True)):
        contexts[video, reached[video] + 1 :] = contexts[video, reached[video]]
        left = np.broadcast_arrays(n - np.arange(n)[:, None], m - np.arange(m))
        pairs = positional_features(left[0], left[1], n, m)
        if inputs is not None:
            pairs = np.concatenate([pairs, inputs.of_video(video)], axis=2)
        logits = stepper.logits_of_pairs(video, contexts[video, :n], pairs)
        tables.append(logits if prior is None else logits + prior.of_video(video))
    return tables


def label_posterior(logits: Floats32, action_set: ActionSet, temperature: float = 1.0) -> LabelPosterior:
    """Add up the probabilities of all sequences of actions that lead through each pair.

    Args:
        logits: The logits (N, M, K) with every clip and every snippet on top.
        action_set: The actions of the network.
        temperature: By which the logits are divided; above 1, the network is less certain.
    """
    clips, snippets, _ = logits.shape
    tempered = logits.astype(np.float64) / temperature
    chance = np.exp(tempered - tempered.max(axis=2, keepdims=True))
    chance /= chance.sum(axis=2, keepdims=True)  # (N, M, K)
    tables = (action_set.table(kind) for kind in (POPS_CLIP, POPS_SNIPPET, MATCHES))
    effects = list(zip(*(table.tolist() for table in tables), strict=True))  # of each action
    # the probability of each pair being on top, while the snippet has no clip yet, and when it has some
    fresh, held = np.zeros((clips + 1, snippets + 1)), np.zeros((clips + 1, snippets + 1))
    fresh[0, 0] = 1.0
    pairs, placed = np.zeros((snippets, clips)), np.zeros(snippets)
    for clip, snippet in _antidiagonals(clips, snippets):
        new, old = fresh[clip, snippet], held[clip, snippet]
        for action, (pops_clip, pops_snippet, matches) in enumerate(effects):
            likely = chance[clip, snippet, action]
            after = clip + pops_clip, snippet + pops_snippet
            if pops_snippet:
                fresh[after] += (new + old) * likely
            elif matches:
                held[after] += (new + old) * likely
            else:
                fresh[after] += new * likely
                held[after] += old * likely
            if matches:
                pairs[snippet, clip] += (new + old) * likely
                placed[snippet] += new * likely
    return LabelPosterior(pairs, placed)


def _antidiagonals(clips: int, snippets: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The pairs that are reached after 0, 1, 2, … pops; pairs of one diagonal do not depend on each other."""
    found = []
    for distance in range(clips + snippets - 1):
        clip = np.arange(max(0, distance - snippets + 1), min(clips, distance + 1))
        found.append((clip, distance - clip))
    return found
