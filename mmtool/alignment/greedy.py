"""Greedy decoding: take the most probable action until clips or snippets are exhausted."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmtool.alignment.actions import MATCHES, POPS_CLIP, POPS_SNIPPET, ActionSet
from mmtool.alignment.batch import Sequences
from mmtool.alignment.lstm import StackState
from mmtool.alignment.network import WIDTH, AlignmentNetwork
from mmtool.alignment.trace import positional_features


@dataclass(frozen=True, slots=True)
class Decoded:
    """The alignment of one video, with the probability of the action that decided each element.

    A snippet with several clips has the mean of its matches; what was left over when the other
    sequence was exhausted has the probability of the last action.
    """

    actions: tuple[int, ...]
    matches: tuple[tuple[int, int], ...]
    clip_confidence: NDArray[np.float64]  # (N,)
    snippet_confidence: NDArray[np.float64]  # (M,)


@dataclass(slots=True)
class _State:
    """Of B videos that are decoded side by side; everything is indexed by video first."""

    clip_top: Tensor  # (B,)
    snippet_top: Tensor  # (B,)
    actions: StackState
    matched: StackState  # after the latest match
    before_slot: StackState  # before the slot that the latest match wrote to
    slot_clip: Tensor  # (B,) clip of the latest match, −1 for none
    slot_snippet: Tensor  # (B,)
    clip_sum: Tensor  # (B, 300) over the distinct clips of the slot
    clip_count: Tensor  # (B,)
    snippet_sum: Tensor
    snippet_count: Tensor


@torch.inference_mode()
def decode_greedily(
    network: AlignmentNetwork, clips: Sequences, snippets: Sequences, action_set: ActionSet
) -> list[Decoded]:
    """Decode B videos at once; cost grows with the longest one's clips + snippets."""
    network.eval()
    video, text = network.read_clips(clips), network.read_snippets(snippets)
    rows = torch.arange(len(video), device=video.device)
    pops_clip, pops_snippet, matching = (
        torch.from_numpy(action_set.table(kind)).to(video.device)
        for kind in (POPS_CLIP, POPS_SNIPPET, MATCHES)
    )
    state = _start(network, len(video), video)
    history: list[Tensor] = []  # (B, 4) a step: action, clip, snippet, whether it counts
    confidence: list[Tensor] = []
    for _ in range(int((clips.lengths + snippets.lengths).max())):
        running = (state.clip_top < clips.lengths) & (state.snippet_top < snippets.lengths)
        if not running.any():
            break
        clip = torch.minimum(state.clip_top, clips.lengths - 1)
        snippet = torch.minimum(state.snippet_top, snippets.lengths - 1)
        logits = network.classify(
            video[rows, clip],
            text[rows, snippet],
            state.actions[0][0] + state.actions[1][0],
            state.matched[0][0] + state.matched[1][0],
            positional_features(
                clips.lengths - state.clip_top,
                snippets.lengths - state.snippet_top,
                clips.lengths,
                snippets.lengths,
            ),
        )
        probability, action = logits.softmax(dim=-1).max(dim=-1)
        history.append(torch.stack([action, clip, snippet, running.long()], dim=1))
        confidence.append(probability)
        one_hot = torch.nn.functional.one_hot(action, len(action_set)).to(video.dtype)
        state.actions = network.action_stack.step(one_hot, state.actions)
        _match(
            network,
            state,
            running & matching[action],
            (clip, video[rows, clip]),
            (snippet, text[rows, snippet]),
        )
        state.clip_top = state.clip_top + (running & pops_clip[action])
        state.snippet_top = state.snippet_top + (running & pops_snippet[action])
    return _collect(history, confidence, clips.lengths, snippets.lengths, action_set)


def _start(network: AlignmentNetwork, batch: int, like: Tensor) -> _State:
    zero = torch.zeros(batch, dtype=torch.long, device=like.device)
    matched = network.matched_stack.zero_state(batch, like)
    return _State(
        clip_top=zero,
        snippet_top=zero,
        actions=network.action_stack.zero_state(batch, like),
        matched=matched,
        before_slot=matched,
        slot_clip=zero - 1,
        slot_snippet=zero - 1,
        clip_sum=like.new_zeros(batch, WIDTH),
        clip_count=like.new_zeros(batch),
        snippet_sum=like.new_zeros(batch, WIDTH),
        snippet_count=like.new_zeros(batch),
    )


def _match(
    network: AlignmentNetwork,
    state: _State,
    now: Tensor,
    clip: tuple[Tensor, Tensor],
    snippet: tuple[Tensor, Tensor],
) -> None:
    """Where ``now`` (B,), write the tops (index (B,), output (B, 300)) to the Matched Stack.

    A top that the latest match also had continues its slot; else the slot is finished and the next
    one starts from the state after it.
    """
    (clip_index, clip_output), (snippet_index, snippet_output) = clip, snippet
    clip_again, snippet_again = state.slot_clip == clip_index, state.slot_snippet == snippet_index
    fresh = now & ~(clip_again | snippet_again)
    state.before_slot = _choose(fresh, state.matched, state.before_slot)
    state.clip_sum, state.clip_count = _average(
        state.clip_sum, state.clip_count, clip_output, fresh, now & (fresh | ~clip_again)
    )
    state.snippet_sum, state.snippet_count = _average(
        state.snippet_sum, state.snippet_count, snippet_output, fresh, now & (fresh | ~snippet_again)
    )
    state.slot_clip = torch.where(now, clip_index, state.slot_clip)
    state.slot_snippet = torch.where(now, snippet_index, state.slot_snippet)
    element = torch.cat(
        [
            state.clip_sum / state.clip_count.clamp(min=1)[:, None],
            state.snippet_sum / state.snippet_count.clamp(min=1)[:, None],
        ],
        dim=-1,
    )
    state.matched = _choose(now, network.matched_stack.step(element, state.before_slot), state.matched)


def _average(
    total: Tensor, count: Tensor, output: Tensor, fresh: Tensor, add: Tensor
) -> tuple[Tensor, Tensor]:
    total, count = total.masked_fill(fresh[:, None], 0.0), count.masked_fill(fresh, 0.0)
    return total + output * add[:, None], count + add


def _choose(where: Tensor, new: StackState, old: StackState) -> StackState:
    """The new state of the videos ``where`` (B,) is true, the old one of the others."""
    chosen = where[:, None]
    first, second = (
        (torch.where(chosen, n[0], o[0]), torch.where(chosen, n[1], o[1]))
        for n, o in zip(new, old, strict=True)
    )
    return first, second


def _collect(
    history: list[Tensor], confidence: list[Tensor], clips: Tensor, snippets: Tensor, action_set: ActionSet
) -> list[Decoded]:
    """Turn the steps of B videos into one alignment each."""
    matching = action_set.table(MATCHES)
    steps = torch.stack(history, dim=1).cpu().numpy()  # (B, T, 4)
    probabilities = torch.stack(confidence, dim=1).double().cpu().numpy()  # (B, T)
    return [
        _decoded(rows[rows[:, 3] == 1, :3], p[rows[:, 3] == 1], int(n), int(m), matching)
        for rows, p, n, m in zip(steps, probabilities, clips, snippets, strict=True)
    ]


def _decoded(
    steps: NDArray[np.int64],
    probability: NDArray[np.float64],
    clips: int,
    snippets: int,
    matching: NDArray[np.bool_],
) -> Decoded:
    """Read the steps (T, 3), action, clip and snippet, of one video."""
    action, clip, snippet = steps.T
    matched = matching[action]
    clip_confidence = np.full(clips, probability[-1])
    snippet_confidence = np.full(snippets, probability[-1])
    clip_confidence[clip] = probability  # the latest action on a clip decided it
    snippet_confidence[snippet] = probability
    total = np.bincount(snippet[matched], weights=probability[matched], minlength=snippets)
    count = np.bincount(snippet[matched], minlength=snippets)
    snippet_confidence[count > 0] = total[count > 0] / count[count > 0]
    matches = tuple(zip(clip[matched].tolist(), snippet[matched].tolist(), strict=True))
    return Decoded(tuple(action.tolist()), matches, clip_confidence, snippet_confidence)
