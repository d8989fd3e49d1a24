"""What is on top of every stack before each action, computed in advance from known actions.

Everything here is computed once per sample, so that the network sees a whole sequence of states at once
instead of stepping through it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mmtool.alignment.network.actions import MATCHES, POPS_CLIP, POPS_SNIPPET, ActionSet

POSITIONAL = 10  # number of positional features


def positional_features(
    clips_left: NDArray[np.int64], snippets_left: NDArray[np.int64], clips: ArrayLike, snippets: ArrayLike
) -> NDArray[np.float32]:
    """The ten positional features, (…, 10), from integer counts that broadcast together.

    With a, b = clips and snippets not yet consumed, tops included (an exhausted sequence counts 1),
    and A, B = their totals + 1: a, b, a/A, b/B, A/a, B/b, a/b, b/a, (A−a)/(B−b), (B−b)/(A−a).
    """
    a, b = np.maximum(clips_left, 1.0), np.maximum(snippets_left, 1.0)
    all_a, all_b = np.add(clips, 1.0), np.add(snippets, 1.0)
    gone_a, gone_b = all_a - a, all_b - b
    features = np.empty((*a.shape, POSITIONAL), dtype=np.float32)
    columns = (
        a,
        b,
        a / all_a,
        b / all_b,
        all_a / a,
        all_b / b,
        a / b,
        b / a,
        gone_a / gone_b,
        gone_b / gone_a,
    )
    for number, column in enumerate(columns):
        features[..., number] = column
    return features


@dataclass(frozen=True, slots=True)
class Trace:
    """The states of one sample with T actions, N clips, M snippets and K slots of the Matched Stack.

    A slot is one element of the Matched Stack: all clips matched to one snippet (or all snippets
    matched to one clip), averaged. ``clip_share`` (T, N) and ``snippet_share`` (T, M) are the
    weights of that average after a matching action, zero rows elsewhere.
    """

    actions: NDArray[np.int64]  # (T,) gold class
    clip_top: NDArray[np.int64]  # (T,) index of the clip on top, the last one if exhausted
    snippet_top: NDArray[np.int64]  # (T,)
    positional: NDArray[np.float32]  # (T, 10 + E)
    clip_share: NDArray[np.float32]  # (T, N)
    snippet_share: NDArray[np.float32]  # (T, M)
    slot: NDArray[np.int64]  # (T,) slot to which a matching action writes, 0 elsewhere
    last_match: NDArray[np.int64]  # (T,) latest matching action before each action, −1 for none
    slot_end: NDArray[np.int64]  # (K,) the last action that wrote to each slot


def trace(
    actions: NDArray[np.int64],
    clips: int,
    snippets: int,
    action_set: ActionSet,
    pairs: NDArray[np.float32] | None = None,
) -> Trace:
    """Follow ``actions`` (T,) from N clips and M snippets.

    ``pairs`` (N, M, E), if given, are further features of the clip and the snippet on top; they follow the
    positional ones.
    """
    clip_at = _consumed_before(actions, action_set.table(POPS_CLIP))
    snippet_at = _consumed_before(actions, action_set.table(POPS_SNIPPET))
    matching = action_set.table(MATCHES)[actions]
    steps = np.arange(len(actions))
    clip_top, snippet_top = np.minimum(clip_at, clips - 1), np.minimum(snippet_at, snippets - 1)

    positional = positional_features(clips - clip_at, snippets - snippet_at, clips, snippets)
    if pairs is not None:
        positional = np.concatenate([positional, pairs[clip_top, snippet_top]], axis=1)

    match_steps = steps[matching]
    starts_slot = np.ones(len(match_steps), dtype=bool)
    clip_again = np.diff(clip_top[match_steps]) == 0
    snippet_again = np.diff(snippet_top[match_steps]) == 0
    starts_slot[1:] = ~(clip_again | snippet_again)
    slot_of_match = np.cumsum(starts_slot) - 1
    slot = np.zeros(len(actions), dtype=np.int64)
    slot[match_steps] = slot_of_match
    slot_end = match_steps[np.append(starts_slot[1:], True)] if len(match_steps) else match_steps

    new_clip, new_snippet = starts_slot.copy(), starts_slot.copy()
    new_clip[1:] |= ~clip_again
    new_snippet[1:] |= ~snippet_again
    last_match = np.maximum.accumulate(np.append(-1, np.where(matching, steps, -1)))[:-1]
    return Trace(
        actions=actions,
        clip_top=clip_top,
        snippet_top=snippet_top,
        positional=positional,
        clip_share=_shares(len(actions), clips, match_steps, clip_top, slot_of_match, new_clip),
        snippet_share=_shares(len(actions), snippets, match_steps, snippet_top, slot_of_match, new_snippet),
        slot=slot,
        last_match=last_match,
        slot_end=slot_end,
    )


def _consumed_before(actions: NDArray[np.int64], pops: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The number (T,) of elements consumed before each action."""
    consumed = np.cumsum(pops[actions], dtype=np.int64)
    return np.append(0, consumed[:-1]).astype(np.int64)


def _shares(
    steps: int,
    elements: int,
    match_steps: NDArray[np.int64],
    top: NDArray[np.int64],
    slot_of_match: NDArray[np.int64],
    new: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """The weights (T, elements), at each match, of the mean over the elements of its slot so far."""
    added = np.zeros((len(match_steps), elements), dtype=np.float32)
    added[np.flatnonzero(new), top[match_steps[new]]] = 1.0
    so_far = np.cumsum(added, axis=0)
    first = np.searchsorted(slot_of_match, slot_of_match)  # first match of each match's slot
    so_far -= (so_far - added)[first]
    shares = np.zeros((steps, elements), dtype=np.float32)
    shares[match_steps] = so_far / np.maximum(so_far.sum(axis=1, keepdims=True), 1.0)
    return shares
