"""Snippets → features of their length: how long each takes to read aloud, and how much text is left."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmtool.encoders.contract import EncoderIdentity, Features, TextEncoder
from mmtool.reading import count

COUNTS = ("syllables", "words", "characters", "pauses", "sentence_ends", "digits")
COLUMNS = (
    *COUNTS,
    "reading_time",  # seconds, as are all times below
    "log_reading_time",
    "share_before",  # share of the whole text's reading time before this snippet
    "share_up_to",  # share including this snippet
    "time_before",
    "time_remaining",  # after this snippet
    "previous_reading_time",  # 0 for the first snippet
    "next_reading_time",  # 0 for the last
)

# Non-negative regression of narrated time on the counts, fitted on the phrases of the 66 training videos
# of YouTube Movie Summaries; the standard deviation of the log of the true time around it is 0.38.
SECONDS = 0.886
SECONDS_EACH = np.array([0.044, 0.018, 0.026, 0.130, 0.054, 0.174])  # in the order of COUNTS


class LengthEncoder(TextEncoder):
    """Encodes snippets as :data:`COLUMNS`; needs no weights."""

    runs_on_mps = True  # it needs no device
    identity = EncoderIdentity(name="length", model="reading-time", weights="none", dimension=len(COLUMNS))

    def encode(self, texts: Sequence[str]) -> Features:
        """Encode all M snippets of one text to (M, 14); all values are finite, even for empty snippets."""
        counts = _counts(texts)  # (M, 6)
        times = _seconds(counts)  # (M,)
        up_to = np.cumsum(times)
        before, total = up_to - times, times.sum()
        neighbours = np.pad(times, 1)
        columns = [
            times,
            np.log(times),
            before / total,
            up_to / total,
            before,
            total - up_to,
            neighbours[:-2],
            neighbours[2:],
        ]
        return np.column_stack([counts, *columns]).astype(np.float32)


def reading_time(texts: Sequence[str]) -> NDArray[np.float64]:
    """Seconds (M,) that a narrator needs for each snippet, at least :data:`SECONDS`."""
    return _seconds(_counts(texts))


def _seconds(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    seconds: NDArray[np.float64] = SECONDS + counts @ SECONDS_EACH
    return seconds


def _counts(texts: Sequence[str]) -> NDArray[np.float64]:
    """Counts (M, 6) in the order of :data:`COUNTS`."""
    rows = [[getattr(counts, name) for name in COUNTS] for counts in map(count, texts)]
    return np.array(rows, dtype=np.float64).reshape(-1, len(COUNTS))
