"""The monotone labelling of clips that is correct for the longest expected time."""

import numpy as np
from numpy.typing import NDArray

from mmtool.arrays import Floats

UNMATCHED = -1


def minimum_risk(
    posterior: Floats, durations: Floats, reading: Floats | None = None, *, evenness: float = 0.0
) -> NDArray[np.int64]:
    """Label each of N clips with a snippet or :data:`UNMATCHED`; the snippets are in order.

    ``posterior`` (M, N) is the probability that a clip belongs to a snippet, ``durations`` (N,) are those of
    the clips, in seconds. A correct second counts 1; with ``evenness`` λ a correct second of snippet ``j``
    counts ``1 − λ + λ · mean(reading) / reading[j]``, so that at λ = 1 all snippets count the same,
    whatever their reading time (M,), as in text IoU.
    """
    snippets, clips = posterior.shape
    worth = np.ones(snippets)
    if reading is not None and snippets:
        worth = 1 - evenness + evenness * reading.mean() / reading
    gains = np.empty((clips, 2 * snippets + 1))  # even states: unmatched, before and after each snippet
    gains[:, 0::2] = (np.maximum(1 - posterior.sum(axis=0), 0.0) * durations)[:, None]
    gains[:, 1::2] = (posterior * durations * worth[:, None]).T
    states = np.arange(2 * snippets + 1)
    best, back = np.zeros(len(states)), np.empty(gains.shape, dtype=np.int64)
    for clip in range(clips):
        so_far = np.maximum.accumulate(best)
        back[clip] = np.maximum.accumulate(np.where(best >= so_far, states, 0))
        best = so_far + gains[clip]
    labels = np.empty(clips, dtype=np.int64)
    state = int(best.argmax()) if clips else 0
    for clip in reversed(range(clips)):
        labels[clip] = state // 2 if state % 2 else UNMATCHED
        state = int(back[clip, state])
    return labels
