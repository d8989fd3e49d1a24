"""What takes a narrator time in a text: the columns of a regression."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mmtool.reading import count

PAUSE = "snippets"  # always 1, for the pause after each snippet
COUNTS = (PAUSE, "syllables", "letters", "pauses", "sentence_ends", "digits", "capitals", "acronyms")


def reading_counts(texts: Sequence[str]) -> NDArray[np.float64]:
    """Count what takes time in each of M texts: (M, 8), in the order of :data:`COUNTS`."""
    rows = [[1, *(getattr(counts, name) for name in COUNTS[1:])] for counts in map(count, texts)]
    return np.array(rows, dtype=np.float64).reshape(-1, len(COUNTS))


def reading_times(texts: Sequence[str], seconds_each: Mapping[str, float]) -> NDArray[np.float64]:
    """The reading time (M,) of each text in seconds, above 0, from the seconds of each of :data:`COUNTS`."""
    each = np.array([seconds_each[name] for name in COUNTS])
    times: NDArray[np.float64] = np.maximum(reading_counts(texts) @ each, 1e-3)
    return times
