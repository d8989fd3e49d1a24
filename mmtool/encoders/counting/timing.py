"""Clip times → features: where a clip lies in its video, and how fast the cuts follow each other."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmtool.encoders.contract import EncoderIdentity, Features, IntervalEncoder
from mmtool.records import Interval

COLUMNS = (
    "duration",  # seconds
    "log_duration",  # log(1 + seconds), so that an empty clip has 0
    "log_duration_2_before",  # of the neighbouring clips; 0 if there is none
    "log_duration_1_before",
    "log_duration_1_after",
    "log_duration_2_after",
    "start_share",  # of the length of the video, which ends with its last clip
    "end_share",
    "elapsed",  # seconds from the start of the video to the start of the clip
    "remaining",  # seconds from the end of the clip to the end of the video
    "index_share",  # (index + 0.5) / clips
    "clips_per_minute",  # within 30 s of the clip's middle
)
NEIGHBOURHOOD = 30.0  # seconds to either side


class TimingEncoder(IntervalEncoder):
    """Encodes clip times as :data:`COLUMNS`; sees no pixels and needs no weights."""

    runs_on_mps = True  # it needs no device
    identity = EncoderIdentity(name="timing", model="clip-times", weights="none", dimension=len(COLUMNS))

    def encode(self, intervals: Sequence[Interval]) -> Features:
        """Encode all N clips of one video, in order, to (N, 12); all values are finite."""
        times = np.array(intervals, dtype=np.float64).reshape(-1, 2)
        starts, ends = times[:, 0], times[:, 1]  # (N,)
        count, length = len(times), ends.max(initial=0.0)
        durations = ends - starts
        logs = np.log1p(durations)
        padded = np.pad(logs, 2)
        columns = [
            durations,
            logs,
            padded[:-4],
            padded[1:-3],
            padded[3:-1],
            padded[4:],
            _ratio(starts, length),
            _ratio(ends, length),
            starts,
            length - ends,
            _ratio(np.arange(count) + 0.5, count),
            60 * _clips_per_second((starts + ends) / 2, length),
        ]
        return np.column_stack(columns).astype(np.float32)


def _clips_per_second(middles: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    """How many middles (N,) lie near each, per second of that neighbourhood inside the video."""
    first, last = middles - NEIGHBOURHOOD, middles + NEIGHBOURHOOD
    ordered = np.sort(middles)
    near = np.searchsorted(ordered, last, side="right") - np.searchsorted(ordered, first, side="left")
    return _ratio(near, np.minimum(last, length) - np.maximum(first, 0.0))


def _ratio(parts: NDArray[np.generic], whole: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """``parts / whole``, and 0 where the whole is 0."""
    ratios = np.zeros(parts.shape)
    np.divide(parts, whole, out=ratios, where=np.asarray(whole) > 0)
    return ratios
