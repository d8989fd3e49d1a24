"""Alignment of a screenplay by what is heard in the film."""

from dataclasses import replace

import numpy as np

from mmtool.alignment.cues.overlap import align_by_cues
from mmtool.alignment.screenplay.placed import HeardScreenplay
from mmtool.alignment.timing.timed_alignment import TimedAlignment
from mmtool.arrays import Floats
from mmtool.constraints import Constraints
from mmtool.decoders import VideoToAlign
from mmtool.screenplay_kinds import SEEN
from mmtool.stages.align.known_times import between_pins


def by_heard_screenplay(
    video: VideoToAlign, heard: HeardScreenplay, constraints: Constraints | None
) -> TimedAlignment:
    """Each line in the clips in which it is spoken; headings and action in the clips between lines.

    Pins come first: what they say of a snippet replaces what was heard of it, and what was heard on the wrong
    side of a pin does not count.
    """
    clips = [clip.interval for clip in video.clips]
    bounds = np.unique(np.array(clips).round(6))
    if constraints is not None and constraints:
        lines = replace(heard.lines, times=_within(heard.lines.times, constraints))
        heard = replace(heard, lines=lines)
    times = heard.times(bounds)
    silent = np.array([snippet.kind in SEEN for snippet in video.snippets])
    return align_by_cues(clips, times, constraints, certainty=heard.certainty, silent=silent)


def _within(times: Floats, constraints: Constraints) -> Floats:
    """The times (M, 2) that agree with pins; of pinned snippets those of their pins."""
    exact = np.isfinite(constraints.start).all(axis=1) & np.isfinite(constraints.end).all(axis=1)
    kept = times.copy()
    kept[exact] = np.stack([constraints.start[exact, 0], constraints.end[exact, 0]], axis=1)
    kept = between_pins(kept, constraints)
    kept[~(kept[:, 1] > kept[:, 0])] = np.nan
    return kept
