"""Cues of another edition: late by one constant up to some place, and by another one from there on.

An advertisement, a censored scene or another order of reels lets the offset between cues and film jump. Each
cue has an offset of its own or is not in the film; the sequence of offsets that explains best where somebody
speaks is found by dynamic programming, where each jump costs as much as it takes to exclude chance.
Where words of the cues themselves are heard, which they are unless the cues are a translation, their times
count as well.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.cues.explained import Explained, WordsOfCues
from mmtool.arrays import Floats
from mmtool.records import Interval

_STEP = 0.2  # seconds between offsets that are tried
_FINE, _AROUND = 0.02, 0.4  # seconds, for the offset of a part
_FARTHEST = 1800.0  # seconds
_JUMP = 20.0  # nats; more than what chance gains among all offsets
_GONE = 0.3  # nats that each cue costs which is not in the film
_FEWEST, _PARTS = 8, 0.7  # cues of each part; share of all cues that lie in parts
_TOGETHER = 0.3  # seconds within which offsets are the same

Numbers = NDArray[np.int64]


class Part(NamedTuple):
    """Cues that are moved by the same offset in seconds; the first of them then begins at ``start``."""

    offset: float
    start: float


class MovedCues(NamedTuple):
    """The times (K, 2) of cues in the film, NaN for those that are not in it; and the parts, in order."""

    times: Floats
    parts: tuple[Part, ...]


def find_jumps(
    cues: Floats, speech: Sequence[Interval], film: Interval, words: WordsOfCues | None = None
) -> MovedCues | None:
    """Move cues (K, 2), all known, in parts to where somebody speaks and where their ``words`` are heard.

    Returns:
        The cues, in one part where one offset explains the speech as well; None where nothing does.
    """
    if len(cues) < 2 * _FEWEST or len(speech) < _FEWEST:
        return None
    order = np.argsort(cues[:, 0], kind="stable")
    ordered = cues[order]
    words = None if words is None else words.reordered(order)
    low = max(-_FARTHEST, film.start - float(ordered[-1, 0]))
    high = min(_FARTHEST, film.end - float(ordered[0, 1]))
    offsets = np.arange(np.floor(low / _STEP), np.ceil(high / _STEP) + 1) * _STEP
    path = _best_path(ordered, Explained(ordered, speech, film, offsets, words))
    numbers = _without_short_parts(path)
    if (numbers >= 0).sum() < _PARTS * len(cues):
        return None
    times, nats, offset_of = np.full_like(ordered, np.nan), np.zeros(len(cues)), dict[int, float]()
    for number in np.unique(numbers[numbers >= 0]).tolist():
        chosen = np.flatnonzero(numbers == number)
        around = offsets[path[chosen[0]]] + np.arange(-_AROUND, _AROUND + _FINE / 2, _FINE)
        fine = Explained(ordered, speech, film, around, words)
        each = np.array([fine.by(cue) for cue in chosen.tolist()])
        best = int(each.sum(axis=0).argmax())
        offset_of[number], nats[chosen] = float(around[best]), each[:, best]
        times[chosen] = ordered[chosen] + around[best]
    times[_out_of_order(times, nats)] = np.nan
    starts = ((offset, times[numbers == number, 0]) for number, offset in offset_of.items())
    parts = [Part(offset, float(np.nanmin(own))) for offset, own in starts if not np.isnan(own).all()]
    moved = np.empty_like(times)
    moved[order] = times
    return MovedCues(moved, tuple(parts))


def _best_path(cues: Floats, explained: Explained) -> Numbers:
    """The offset (K,) of each cue as an index, or -1 for a cue that is not in the film.

    Cues remain in order: after a jump to an earlier offset, a cue does not begin before the end of the one
    before it.
    """
    count = len(explained.offsets)
    rooms = [0, *(max(0, int((cues[k, 0] - cues[k - 1, 1]) / _STEP)) for k in range(1, len(cues)))]
    best = np.zeros((len(cues), count), dtype=np.float32)
    gone = np.zeros(len(cues))
    latest, latest_gone = np.full(count, -_JUMP / 2), 0.0
    for cue, room in enumerate(rooms):
        if cue:
            before = np.maximum.accumulate(latest)
            before = np.concatenate([before[room:], np.full(min(room, count), before[-1])])
            came = np.maximum(np.maximum(latest, before - _JUMP), latest_gone - _JUMP / 2)
            latest, latest_gone = came, max(latest_gone, float(latest.max()) - _JUMP / 2) - _GONE
        latest = latest + explained.by(cue)
        best[cue], gone[cue] = latest, latest_gone
    path = np.full(len(cues), -1)
    own = int(best[-1].argmax())
    own = own if best[-1, own] >= gone[-1] else -1
    for cue in range(len(cues) - 1, -1, -1):
        path[cue] = own
        row, was_gone = best[cue - 1], float(gone[cue - 1])
        if own < 0:
            jump = int(row.argmax())
            own = -1 if was_gone >= row[jump] - _JUMP / 2 else jump
        else:
            jump = int(row[: own + rooms[cue] + 1].argmax())
            choices = (float(row[own]), own), (float(row[jump]) - _JUMP, jump), (was_gone - _JUMP / 2, -1)
            own = max(choices, key=lambda choice: choice[0])[1]
    return path


def _without_short_parts(path: Numbers) -> Numbers:
    """The number of the part (K,) that each cue lies in; -1 for those in none, or in one that is too short.

    Parts whose offsets are the same, with cues that are not in the film between them, are one.
    """
    numbers = np.full(len(path), -1)
    number, before = -1, -1
    for cue, offset in enumerate(path.tolist()):
        if offset < 0:
            continue
        if before < 0 or abs(offset - before) * _STEP > _TOGETHER:
            number += 1
        numbers[cue], before = number, offset
    for one in range(number + 1):
        if (numbers == one).sum() < _FEWEST:
            numbers[numbers == one] = -1
    return numbers


def _out_of_order(times: Floats, nats: Floats) -> NDArray[np.bool_]:
    """Which of the cues (K, 2) are not in the film, because those of two parts would overlap.

    Up to the time that keeps the most of the ``nats`` (K,), the earlier part holds, and the later one from
    there on.
    """
    out = np.zeros(len(times), dtype=np.bool_)
    known = np.flatnonzero(~np.isnan(times[:, 0]))
    for earlier, later in pairwise(known.tolist()):
        if times[later, 0] >= times[earlier, 0] - _STEP:
            continue
        left = known[(known <= earlier) & (times[known, 1] > times[later, 0])]
        right = known[(known >= later) & (times[known, 0] < times[left, 1].max())]
        borders = np.concatenate([times[left, 1], times[right, 0]])
        kept = [
            float(nats[left[times[left, 1] <= border]].sum() + nats[right[times[right, 0] >= border]].sum())
            for border in borders.tolist()
        ]
        border = borders[int(np.argmax(kept))]
        out[left[times[left, 1] > border]] = True
        out[right[times[right, 0] < border]] = True
    return out
