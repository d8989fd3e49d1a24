"""Greedy decoding: take the most probable action until clips or snippets are exhausted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from mmtool.alignment.network.actions import MATCHES, POPS_CLIP, POPS_SNIPPET, ActionSet
from mmtool.alignment.network.batch import Sequences
from mmtool.alignment.network.model import AlignmentNetwork
from mmtool.alignment.network.stepping import Stepper
from mmtool.alignment.network.time_inputs import PairTables
from mmtool.alignment.network.trace import positional_features


@dataclass(frozen=True, slots=True)
class Decoded:
    """The alignment of one video, with the confidence of each element.

    The confidence of a clip or snippet is the probability of the action that decided it. A snippet with
    several clips has the mean of its matches; elements that remained when the other sequence was exhausted
    have the probability of the last action.
    """

    actions: tuple[int, ...]
    matches: tuple[tuple[int, int], ...]
    clip_confidence: NDArray[np.float64]  # (N,)
    snippet_confidence: NDArray[np.float64]  # (M,)


@torch.inference_mode()
def decode_greedily(
    network: AlignmentNetwork,
    clips: Sequences,
    snippets: Sequences,
    action_set: ActionSet,
    *,
    inputs: PairTables | None = None,
    prior: PairTables | None = None,
) -> list[Decoded]:
    """Decode B videos at once; the cost grows with the clips and snippets of the longest one.

    Args:
        network: The network, with its weights on any device.
        clips: The features of the clips.
        snippets: The features of the snippets.
        action_set: The actions of the network.
        inputs: What the network reads of the tops besides the positional features.
        prior: One value per action, which is added to the logits.
    """
    network.eval()
    stepper = Stepper(network, clips, snippets)
    taken = list(greedy_steps(stepper, clips, snippets, action_set, inputs, prior))
    action, running = (np.stack([getattr(step, name) for step in taken], 1) for name in ("action", "running"))
    probabilities = _largest_probability(np.stack([step.logits for step in taken], axis=1))  # (B, T)
    sizes = zip(clips.lengths.tolist(), snippets.lengths.tolist(), strict=True)
    return [
        read_actions(actions[counts], p[counts], n, m, action_set)
        for actions, counts, p, (n, m) in zip(action, running, probabilities, sizes, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class GreedyStep:
    """One step of B videos that are decoded together, before its action is taken.

    ``running`` (B,) is false for videos that are finished; their other values are meaningless.
    """

    running: NDArray[np.bool_]  # (B,)
    clip: NDArray[np.int64]  # (B,) on top
    snippet: NDArray[np.int64]  # (B,)
    logits: NDArray[np.float32]  # (B, K)
    action: NDArray[np.int64]  # (B,)


def greedy_steps(
    stepper: Stepper,
    clips: Sequences,
    snippets: Sequences,
    action_set: ActionSet,
    inputs: PairTables | None,
    prior: PairTables | None,
) -> Iterator[GreedyStep]:
    """Take the most probable action of every video until all are finished."""
    state = _State(clips.lengths.cpu().numpy(), snippets.lengths.cpu().numpy())
    pops_clip, pops_snippet, matches = map(action_set.table, (POPS_CLIP, POPS_SNIPPET, MATCHES))
    while (running := state.running).any():
        clip, snippet = state.tops
        positional = state.positional
        if inputs is not None:
            positional = np.concatenate([positional, inputs.at(clip, snippet)], axis=1)
        logits = stepper.logits(clip, snippet, positional)
        if prior is not None:
            logits = logits + prior.at(clip, snippet)
        action = logits.argmax(axis=1)
        yield GreedyStep(running, clip, snippet, logits, action)
        stepper.take(action)
        stepper.match(*state.match(running & matches[action]))
        state.clip_top += running & pops_clip[action]
        state.snippet_top += running & pops_snippet[action]


def _largest_probability(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """(…, K) → (…)."""
    below_largest = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return cast(NDArray[np.float64], 1.0 / np.exp(below_largest).sum(axis=-1))


class _State:
    """The positions of B videos that are decoded together, and the contents of their latest slots."""

    def __init__(self, clips: NDArray[np.int64], snippets: NDArray[np.int64]) -> None:
        self.clips, self.snippets = clips, snippets
        self.clip_top, self.snippet_top = np.zeros_like(clips), np.zeros_like(snippets)
        self._slot = np.full((2, len(clips)), -1)  # clip and snippet of the latest match
        self._held = np.zeros((2, len(clips)), dtype=np.int64)  # how many of each its slot holds

    @property
    def running(self) -> NDArray[np.bool_]:
        return (self.clip_top < self.clips) & (self.snippet_top < self.snippets)

    @property
    def tops(self) -> NDArray[np.int64]:
        """(2, B): the clips and the snippets on top, the last ones where exhausted."""
        return np.minimum([self.clip_top, self.snippet_top], [self.clips - 1, self.snippets - 1])

    @property
    def positional(self) -> NDArray[np.float32]:
        return positional_features(
            self.clips - self.clip_top, self.snippets - self.snippet_top, self.clips, self.snippets
        )

    def match(
        self, now: NDArray[np.bool_]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int64]]:
        """Match the tops where ``now`` (B,); returns the arguments of :meth:`Stepper.match`.

        A top that the latest match also had extends its slot; otherwise a new slot starts.
        """
        again = self._slot == self.tops  # (2, B)
        fresh = now & ~again.any(axis=0)
        joins = now & (fresh | ~again)
        self._held = np.where(fresh, 0, self._held) + joins
        self._slot = np.where(now, self.tops, self._slot)
        return now, fresh, joins, self._held


def read_actions(
    taken: NDArray[np.int64],
    probability: NDArray[np.float64],
    clips: int,
    snippets: int,
    action_set: ActionSet,
) -> Decoded:
    """The matches of one video from its actions (T,), and their confidence from the probabilities (T,)."""
    pops = (action_set.table(kind)[taken].astype(np.int64) for kind in (POPS_CLIP, POPS_SNIPPET))
    clip, snippet = (np.cumsum(popped) - popped for popped in pops)
    matched = action_set.table(MATCHES)[taken]
    clip_confidence, snippet_confidence = (np.full(n, probability[-1]) for n in (clips, snippets))
    clip_confidence[clip] = probability  # the latest action on a clip decided it
    snippet_confidence[snippet] = probability
    total = np.bincount(snippet[matched], weights=probability[matched], minlength=snippets)
    count = np.bincount(snippet[matched], minlength=snippets)
    snippet_confidence[count > 0] = total[count > 0] / count[count > 0]
    matches = tuple(zip(clip[matched].tolist(), snippet[matched].tolist(), strict=True))
    return Decoded(tuple(taken.tolist()), matches, clip_confidence, snippet_confidence)
