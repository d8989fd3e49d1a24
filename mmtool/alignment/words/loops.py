"""Where a recogniser went round in circles: the same words again and again, which nobody said."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LONGEST = 30  # words that are repeated
TIMES, WORDS = 3, 7  # a loop says its words at least so often, and at least so many words in all

Flags = NDArray[np.bool_]


def loops(spoken: Sequence[str], written: Sequence[str] = ()) -> Flags:
    """Which of the spoken forms (J,) belong to a loop, all of its rounds included.

    What the text repeats in the same way does not count.
    """
    return _repeated(spoken, frozenset(np.array(written, dtype=str)[_repeated(written)].tolist()))


def _repeated(forms: Sequence[str], allowed: frozenset[str] = frozenset()) -> Flags:
    found = np.zeros(len(forms), dtype=np.bool_)
    _, numbers = np.unique(np.array(forms, dtype=str), return_inverse=True)
    for period in range(1, min(LONGEST, len(forms) // TIMES) + 1):
        least = max((TIMES - 1) * period, WORDS - period)  # words that equal those one round before
        same = np.concatenate([[False], numbers[period:] == numbers[:-period], [False]])
        edges = np.flatnonzero(same[1:] != same[:-1])
        for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            words = slice(first, last + period)
            if last - first >= least and not allowed.issuperset(forms[words]):
                found[words] = True
    return found
