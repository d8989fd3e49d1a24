"""Whether the times of a text are those of the film, or become so with an offset or another rate.

Without sound, only what cannot be is known: cues after the end of the film. They are explained by times that
count from a whole hour, as timecodes of tapes do, or by a film that plays at 25 frames a second, not at 24.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmtool.arrays import Floats
from mmtool.records import Interval, Snippet

_SLACK = 1.0  # seconds that cues may last beyond the film
_MOST_OUTSIDE = 0.5  # of the cues of a film of which only a part was cut into clips
_FULL = 0.85  # of the film that cues at another rate must fill
_HOUR = 3600.0
_RATES = {"25 against 24": 24 / 25, "25 against 23.976": 24000 / 1001 / 25}  # film seconds per second of cues


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedCues:
    """The cues of M snippets in the time of the film.

    Attributes:
        times: The start and the end (M, 2) of each cue, in seconds; NaN without a cue.
        note: What the user should know: a correction, or cues outside of the film.
    """

    times: Floats
    note: str = ""


def cue_times(snippets: Sequence[Snippet]) -> Floats | None:
    """The start and the end (M, 2) that the text gives each snippet; NaN without; None where none has any."""
    times = np.array(
        [(np.nan if s.start is None else s.start, np.nan if s.end is None else s.end) for s in snippets],
        dtype=np.float64,
    ).reshape(-1, 2)
    times[~(times[:, 1] > times[:, 0])] = np.nan
    return None if np.isnan(times).all() else times


def fit_cues(times: Floats, film: Interval) -> FittedCues | None:
    """Bring the cues (M, 2) of a text to the time of a film.

    Returns:
        The cues, or None where they cannot be those of this film.
    """
    if _outside(times, film) == 0:
        return FittedCues(times=times)
    first = float(np.nanmin(times))
    if first >= _HOUR:
        hours = int(first // _HOUR)
        moved = times - hours * _HOUR
        if _outside(moved, film) == 0:
            return FittedCues(times=moved, note=f"cue times count from {hours}:00:00, which was subtracted")
    for name, rate in _RATES.items():
        scaled = times * rate
        if _outside(scaled, film) == 0 and np.nanmax(scaled) >= _FULL * film.end:
            return FittedCues(
                times=scaled,
                note=f"cue times last longer than the film, and were multiplied by {rate:.4f} "
                f"({name} frames a second)",
            )
    cues = int((~np.isnan(times[:, 0])).sum())
    outside = _outside(times, film)
    if outside > _MOST_OUTSIDE * cues:
        return None
    counted = "1 cue lies" if outside == 1 else f"{outside} cues lie"
    return FittedCues(times=times, note=f"{counted} outside of the clips, and cannot be placed by time")


def _outside(times: Floats, film: Interval) -> int:
    """The number of cues that are not within the film."""
    late = times[:, 1] > film.end + _SLACK
    early = times[:, 0] < film.start - _SLACK
    return int((late | early).sum())
