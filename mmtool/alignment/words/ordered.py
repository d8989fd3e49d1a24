"""The best matches of written with spoken words in order: runs with errors inside, and jumps between.

A path goes through written words (rows) and spoken words (columns). It is either free, where it passes over
both at no cost, as over text that is not read and speech that is not in the text; or in a run, where words
match, and passing over a word costs something. Starting a run costs as much as a chance match is worth, so
that a run must say more than chance does. The path of the greatest score is found exactly. Only every
:data:`BLOCK`-th row is kept; the rows between are computed again when the path is traced back.
"""

from collections.abc import Iterator, Sequence
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.words.likeness import NATS, NO_MATCH, Likeness, likeness_of

BLOCK = 128  # rows
SKIP, OTHER = round(0.7 * NATS), round(0.9 * NATS)  # one word passed over, or one in each
EAGERNESS = 3.0  # nats by which a run must say more than the best one expected by chance

Scores = NDArray[np.int32]


class WordMatch(NamedTuple):
    """A written and a spoken word (indices), the number of the run, and the score of the pair in nats."""

    written: int
    spoken: int
    run: int
    nats: float


def ordered_matches(
    written: Sequence[str], spoken: Sequence[str], opening: int | None = None
) -> list[WordMatch]:
    """Match the forms of written words (I) with those of spoken words (J), both in order.

    ``opening`` is what starting a run costs, by default :func:`opening_cost`. Takes O(I · J) time in
    vectors of J, and memory for about 2 · (I / 128 + 128) · J numbers.
    """
    if not written or not spoken:
        return []
    opening = opening_cost(len(spoken)) if opening is None else opening
    return _traced(likeness_of(written, spoken), opening)


def opening_cost(spoken: int) -> int:
    """What starting a run costs among so many spoken words, in hundredths of a nat."""
    return round((log(spoken) + EAGERNESS) * NATS)


class _Row(NamedTuple):
    """The best scores (J + 1,) up to each number of spoken words, in a run and in any way."""

    run: Scores
    free: Scores


def _rows(start: _Row, likeness: Likeness, words: range, opening: int) -> Iterator[_Row]:
    """The rows after each of the written words, one after another."""
    columns = len(likeness.spoken)
    slope = np.arange(columns, dtype=np.int32) * SKIP
    row = start
    for word in words:
        reached = np.maximum(row.run[:-1], row.free[:-1] - opening) + likeness.row(word)
        np.maximum(reached, row.run[:-1] - OTHER, out=reached)
        np.maximum(reached, row.run[1:] - SKIP, out=reached)
        reached += slope
        np.maximum.accumulate(reached, out=reached)
        reached -= slope
        run, free = np.empty_like(row.run), np.empty_like(row.free)
        run[0], free[0] = NO_MATCH, 0
        run[1:] = np.maximum(reached, NO_MATCH)
        np.maximum(row.free[1:], reached, out=free[1:])
        np.maximum.accumulate(free, out=free)
        row = _Row(run, free)
        yield row


def _traced(likeness: Likeness, opening: int) -> list[WordMatch]:
    rows, columns = len(likeness.written), len(likeness.spoken)
    start = _Row(np.full(columns + 1, NO_MATCH, np.int32), np.zeros(columns + 1, np.int32))
    kept = [start]
    for word, row in enumerate(_rows(start, likeness, range(rows), opening), start=1):
        if word % BLOCK == 0:
            kept.append(row)
    matches: list[WordMatch] = []
    j, in_run, run = columns, False, 0
    for block in reversed(range(len(kept))):
        words = range(block * BLOCK, min((block + 1) * BLOCK, rows))
        between = [kept[block], *_rows(kept[block], likeness, words, opening)]
        i = len(words)
        while i and j:
            above, here = between[i - 1], between[i]
            if not in_run:
                if here.free[j] == above.free[j]:
                    i -= 1
                elif here.free[j] == here.free[j - 1]:
                    j -= 1
                else:
                    in_run, run = True, run + 1
                continue
            value = here.run[j]
            score = int(likeness.table[likeness.written[words[i - 1]], likeness.spoken[j - 1]])
            before = max(int(above.run[j - 1]), int(above.free[j - 1]) - opening)
            if score > 0 and value == before + score:
                matches.append(WordMatch(words[i - 1], j - 1, run, score / NATS))
                in_run = above.run[j - 1] >= above.free[j - 1] - opening
                i, j = i - 1, j - 1
            elif value == above.run[j - 1] - OTHER:
                i, j = i - 1, j - 1
            elif value == above.run[j] - SKIP:
                i -= 1
            else:
                j -= 1
        if not j:
            break
    matches.reverse()
    return [match._replace(run=run - match.run) for match in matches]
