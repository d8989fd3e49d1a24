"""What timing tells the network about the clip and the snippet on top.

The published positional features count clips and snippets. These measure seconds: the duration of the clip,
the reading time of the snippet, and the time elapsed and left of both. The semi-Markov model adds the
probabilities that the clip on top lies before, within or after the time of the snippet on top, each of which
calls for one action.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.network.actions import ActionSet
from mmtool.arrays import Floats
from mmtool.choices import Action
from mmtool.records import Interval

Table = NDArray[np.float32]  # (N, M, E): the values of each pair of tops

TIME_COLUMNS = (
    "log_duration",  # of the clip, log(1 + seconds)
    "elapsed",  # minutes from the start of the video to the start of the clip
    "remaining",  # from there to the end of the video
    "log_reading_time",  # of the snippet, log(1 + seconds)
    "read",  # minutes of reading before the snippet
    "to_read",  # with the snippet
    "slack",  # remaining − to_read
    "log_slack",  # log of (1 s + remaining) / (1 s + to_read)
)
POSTERIOR_COLUMNS = (
    *("before", "within", "after"),  # probability of the clip's middle relative to the snippet's time
    *("log_before", "log_within", "log_after"),  # their logarithms, divided by that of the floor
    "unmatched",  # probability that the clip lies in the time of no snippet
    "next",  # probability that it lies in that of the next snippet
)
FLOOR = 1e-4  # of probabilities whose logarithm is taken; timing is never more certain than that

BEFORE, WITHIN, AFTER = range(3)
RELATION = {  # the position of the clip, relative to the snippet's time, that calls for each action
    Action.POP_VIDEO: BEFORE,
    Action.POP_TEXT: AFTER,
    Action.MATCH_RETAIN_TEXT: WITHIN,
    Action.MATCH: WITHIN,
    Action.MATCH_RETAIN_VIDEO: WITHIN,
}


def time_table(clips: Sequence[Interval], reading: Floats) -> Table:
    """:data:`TIME_COLUMNS` (N, M, 8) of N clips and M snippets with their reading times (M,) in seconds."""
    times = np.array(clips, dtype=np.float64).reshape(-1, 2)
    starts, ends = times[:, 0], times[:, 1]
    read = np.cumsum(reading) - reading
    elapsed, remaining = starts - starts[0], ends.max() - starts
    to_read = reading.sum() - read
    left, unread = remaining[:, None], to_read[None, :]
    columns = (
        np.log1p(ends - starts)[:, None],
        elapsed[:, None] / 60,
        left / 60,
        np.log1p(reading)[None, :],
        read[None, :] / 60,
        unread / 60,
        (left - unread) / 60,
        np.log((1 + left) / (1 + unread)),
    )
    return _stacked(columns, (len(times), len(reading)))


def posterior_table(posterior: Floats) -> Table:
    """:data:`POSTERIOR_COLUMNS` (N, M, 8) from the probabilities (N, M, 3) before, within and after."""
    within = posterior[..., WITHIN]
    following = np.zeros_like(within)
    following[:, :-1] = within[:, 1:]
    columns = (
        *np.moveaxis(posterior, -1, 0),
        *np.moveaxis(np.log(np.maximum(posterior, FLOOR)) / -np.log(FLOOR), -1, 0),
        np.clip(1 - within.sum(axis=1, keepdims=True), 0.0, 1.0),
        following,
    )
    return _stacked(columns, within.shape)


def action_prior(posterior: Floats, actions: ActionSet) -> Table:
    """Log-probability (N, M, K) of each action by timing, from (N, M, 3) before, within and after."""
    logs = np.log(np.maximum(posterior, FLOOR))
    prior: Table = logs[..., [RELATION[action] for action in actions.actions]].astype(np.float32)
    return prior


def _stacked(columns: Sequence[Floats], shape: tuple[int, ...]) -> Table:
    return np.stack([np.broadcast_to(c, shape) for c in columns], axis=-1).astype(np.float32)


class PairTables:
    """Tables (N, M, E) of B videos, to look up the values of the tops of each of them."""

    def __init__(self, tables: Sequence[Table]) -> None:
        sizes = np.array([table.shape[0] * table.shape[1] for table in tables])
        self._rows = np.concatenate([table.reshape(-1, table.shape[-1]) for table in tables])
        self._first = np.cumsum(sizes) - sizes  # (B,)
        self._snippets = np.array([table.shape[1] for table in tables])

    def of_video(self, video: int) -> Table:
        """The table (N, M, E) of one video."""
        snippets, first = self._snippets[video], self._first[video]
        end = self._first[video + 1] if video + 1 < len(self._first) else len(self._rows)
        table: Table = self._rows[first:end].reshape(-1, snippets, self._rows.shape[1])
        return table

    def at(
        self, clip: NDArray[np.int64], snippet: NDArray[np.int64], video: int | slice = slice(None)
    ) -> Table:
        """The values (B, E) of the pairs with these indices (B,); or of as many pairs of one ``video``."""
        rows: Table = self._rows[self._first[video] + clip * self._snippets[video] + snippet]
        return rows
