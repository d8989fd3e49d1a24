"""How much a match of two forms says: more for rare words, less for words spelled differently."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.words.forms import stands_alone

NATS = 100  # scores are whole numbers, in hundredths of a nat, so that paths can be traced back exactly
NO_MATCH = -(10**8)

_LEAST_ALIKE = 70  # of 100, in rapidfuzz's ratio
_EXACT_LETTERS = 3  # words of so few letters match only themselves
_MOST_NATS = 7.0  # of one word
_USUAL = 200.0  # words; how much the usual frequency of words of a length weighs beside that in the texts
_CHARACTER = 0.002  # usual frequency of a character of a script without spaces
_AT_ONCE = 2**22  # pairs of forms

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Likeness:
    """Scores of all pairs of forms.

    ``written`` (I,) and ``spoken`` (J,) are indices of forms; ``table`` (A, B) has the score of each pair of
    forms in hundredths of a nat, ``NO_MATCH`` for pairs that are not alike.
    """

    written: Numbers
    spoken: Numbers
    table: NDArray[np.int32]

    def row(self, word: int) -> NDArray[np.int32]:
        """The scores (J,) of a written word with all spoken words."""
        scores: NDArray[np.int32] = self.table[self.written[word]][self.spoken]
        return scores


def likeness_of(written: Sequence[str], spoken: Sequence[str]) -> Likeness:
    """Compare the forms of a text with those of what is said.

    Two equal forms score the negative log of their frequency in both texts, which is estimated together with
    the usual frequency of words of their length, so that it is sensible for short texts too. Forms spelled
    similarly score less.
    """
    rows, own = np.unique(np.array(written, dtype=str), return_inverse=True)
    columns, theirs = np.unique(np.array(spoken, dtype=str), return_inverse=True)
    table = np.full((len(rows), len(columns)), NO_MATCH, dtype=np.int32)
    if table.size:
        counts = Counter(written) + Counter(spoken)
        total = len(written) + len(spoken)
        nats = np.array([_information(form, counts[form], total) for form in rows.tolist()])
        _fill(table, rows.tolist(), columns.tolist(), nats)
    return Likeness(own, theirs, table)


def _information(form: str, count: int, total: int) -> float:
    usual = _CHARACTER if stands_alone(form) else float(np.exp(-1.0 - 1.1 * min(len(form), 8)))
    frequency = (count + _USUAL * usual) / (total + _USUAL)
    return float(min(-np.log(frequency), _MOST_NATS))


def _fill(table: NDArray[np.int32], rows: list[str], columns: list[str], nats: NDArray[np.float64]) -> None:
    from rapidfuzz.fuzz import ratio
    from rapidfuzz.process import cdist

    number_of = {form: number for number, form in enumerate(columns)}
    longer = np.array(
        [number for number, form in enumerate(columns) if len(form) > _EXACT_LETTERS], dtype=int
    )
    compared = [number for number, form in enumerate(rows) if len(form) > _EXACT_LETTERS]
    choices = [columns[number] for number in longer]
    at_once = max(1, _AT_ONCE // max(1, len(choices)))
    for first in range(0, len(compared), at_once):
        part = compared[first : first + at_once]
        alike = cdist(
            [rows[number] for number in part],
            choices,
            scorer=ratio,
            score_cutoff=_LEAST_ALIKE,
            dtype=np.uint8,
        )
        row, column = np.nonzero(alike)
        chosen = np.array(part)[row]
        # from all of its information down to a third
        share = 1 - (100 - alike[row, column]) * (2 / 3) / (100 - _LEAST_ALIKE)
        table[chosen, longer[column]] = np.round(share * nats[chosen] * NATS)
    for number, form in enumerate(rows):
        if form in number_of:
            table[number, number_of[form]] = round(nats[number] * NATS)
