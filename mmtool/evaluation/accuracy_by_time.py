"""How accuracy changes over the course of a video."""

from collections.abc import Sequence

import numpy as np

from mmtool.evaluation.measures import correct_seconds
from mmtool.evaluation.overlaps import Seconds, durations
from mmtool.records import Interval

BINS = 20  # equal parts of a video


def accuracy_by_time(
    clips: Sequence[Interval],
    truth: Sequence[Interval | None],
    matches: Sequence[tuple[int, int]],
    *,
    bins: int = BINS,
) -> Seconds:
    """The correct share of the clips' time in each of ``bins`` equal parts of a video.

    A clip that crosses a border counts in both parts, with the time that lies in each. The mean of the
    parts, weighted by their clips' time, is the video accuracy. nan for a part without clips.
    """
    share: Seconds = np.full(bins, np.nan)
    if not clips:
        return share
    borders = np.linspace(min(c.start for c in clips), max(c.end for c in clips), bins + 1)
    for part in range(bins):
        within = Interval(float(borders[part]), float(borders[part + 1]))
        pieces = [Interval(max(c.start, within.start), min(c.end, within.end)) for c in clips]
        pieces = [
            piece if piece.start < piece.end else Interval(within.start, within.start) for piece in pieces
        ]
        seconds = durations(pieces).sum()
        if seconds:
            share[part] = correct_seconds(pieces, truth, matches).sum() / seconds
    return share
