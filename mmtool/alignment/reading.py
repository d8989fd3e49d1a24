"""What takes a narrator time in a text, as the columns of a regression."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmtool.reading import count

PAUSE = "snippets"  # always 1: the pause that each snippet brings
COUNTS = (PAUSE, "syllables", "letters", "pauses", "sentence_ends", "digits", "capitals", "acronyms")


def reading_counts(texts: Sequence[str]) -> NDArray[np.float64]:
    """Count what takes time in each of M texts: (M, 8), in the order of :data:`COUNTS`."""
    rows = [[1, *(getattr(counts, name) for name in COUNTS[1:])] for counts in map(count, texts)]
    return np.array(rows, dtype=np.float64).reshape(-1, len(COUNTS))
