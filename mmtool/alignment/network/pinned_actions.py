"""Pins as a mask over the actions of the network."""

import numpy as np

from mmtool.alignment.network.actions import MATCHES, POPS_CLIP, POPS_SNIPPET, ActionSet
from mmtool.alignment.network.time_inputs import Table
from mmtool.alignment.pins.clips import FREE, ClipConstraints

_FORBIDDEN = np.float32(-1e9)  # is added to the logit of an action; finite, so that a softmax stays defined


def action_mask(pins: ClipConstraints | None, clips: int, snippets: int, actions: ActionSet) -> Table:
    """What to add (N, M, K) to the logits of each action, by the clip and the snippet on top.

    A match must be allowed. A clip that a snippet must have is not popped before that snippet is on top, nor
    is a snippet popped before the last clip that it must have is matched. With actions that pop clips, pop
    snippets, and match while retaining the snippet, every state then has an action that is allowed.
    """
    mask = np.zeros((clips, snippets, len(actions)), dtype=np.float32)
    if pins is None:
        return mask
    clip, snippet = np.arange(clips)[:, None], np.arange(snippets)
    last = np.array([pins.last_of(j) for j in range(snippets)])
    may_match = pins.allowed.T  # (N, M)
    may_leave_clip = (pins.owner[:, None] == FREE) | (pins.owner[:, None] < snippet)
    may_leave_snippet, may_end_snippet = last < clip, last <= clip
    kinds = (actions.table(kind) for kind in (MATCHES, POPS_CLIP, POPS_SNIPPET))
    for number, (matches, pops_clip, pops_snippet) in enumerate(zip(*kinds, strict=True)):
        allowed = np.ones((clips, snippets), dtype=bool)
        if matches:
            allowed &= may_match
        elif pops_clip:
            allowed &= may_leave_clip
        if pops_snippet:
            allowed &= may_end_snippet if matches else may_leave_snippet
        mask[..., number] = np.where(allowed, np.float32(0), _FORBIDDEN)
    return mask
