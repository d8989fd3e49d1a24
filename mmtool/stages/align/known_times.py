"""What is known of a video before timing: pins, and times of the text itself."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from mmtool.alignment.cues.fitting import cue_times, fit_cues
from mmtool.alignment.cues.overlap import align_by_cues
from mmtool.alignment.cues.sync import Shift, find_shift
from mmtool.alignment.timing.inputs import spoken_texts
from mmtool.alignment.timing.timed_alignment import TimedAlignment
from mmtool.arrays import Floats
from mmtool.choices import Use
from mmtool.constraints import Constraints
from mmtool.decoders import VideoToAlign
from mmtool.formats.corpus import Corpus
from mmtool.records import Clip, Interval, Snippet
from mmtool.settings.align import AlignSettings
from mmtool.stages.shared.transcript_files import transcript_file
from mmtool.transcripts.readers import read_transcript

CUES_VERSION = 1  # is raised when cues give a film other labels


class KnownTimes(NamedTuple):
    """The times (M, 2) of the text in the film's own, None without any; and notes about them."""

    cues: Floats | None
    notes: tuple[str, ...] = ()


def known_times(
    clips: Sequence[Clip],
    snippets: Sequence[Snippet],
    settings: AlignSettings,
    speech: Callable[[], Sequence[Interval]] | None = None,
) -> KnownTimes:
    """The times of the text where they count.

    ``speech`` reads when somebody speaks in the film, where that is known; it is asked only if the text has
    times.
    """
    times = cue_times(snippets) if settings.cue_times is Use.USE else None
    if times is None:
        return KnownTimes(None)
    film = Interval(clips[0].start, max(clip.end for clip in clips))
    shift = None if speech is None else find_shift(times, speech(), film)
    if shift is not None:
        return KnownTimes(shift.of(times), (_moved(shift),))
    fitted = fit_cues(times, film)
    if fitted is None:
        last = float(np.nanmax(times))
        return KnownTimes(
            None,
            (
                f"cue times do not fit the film and were ignored: they last until {last:.0f} s, the film "
                f"until {film.end:.0f} s",
            ),
        )
    return KnownTimes(fitted.times, (fitted.note,) if fitted.note else ())


def notes_on_times(
    clips: Sequence[Clip], snippets: Sequence[Snippet], settings: AlignSettings
) -> tuple[str, ...]:
    """What the user should know about the times of a text in memory."""
    return known_times(clips, snippets, settings).notes


def _moved(shift: Shift) -> str:
    """What is said about cues that were moved."""
    rate = "" if shift.rate == 1 else f" multiplied by {shift.rate:.4f} and"
    return f"cue times were{rate} moved by {shift.offset:+.2f} s, to where the transcript has speech"


def speech_of(corpus: Corpus, id: str) -> Callable[[], Sequence[Interval]] | None:
    """Reads when somebody speaks in a film, from its transcript; None without one."""
    path = transcript_file(corpus, id)
    if path is None:
        return None
    return lambda: [Interval(word.start, word.end) for word in read_transcript(path).words]


def by_cues_alone(
    video: VideoToAlign, cues: Floats, constraints: Constraints | None
) -> TimedAlignment | None:
    """The alignment by cues, corrected by pins; None where some text has none, or is out of a pin's order."""
    told = np.array(spoken_texts([snippet.text for snippet in video.snippets]), dtype=np.int64)
    times = cues
    if constraints is not None:
        told = told[~constraints.absent[told]]
        times = between_pins(cues, constraints)
    if np.isnan(times[told]).any() or (times[told, 1] <= times[told, 0]).any():
        return None
    return align_by_cues([clip.interval for clip in video.clips], times, constraints)


def between_pins(cues: Floats, constraints: Constraints) -> Floats:
    """The cues (M, 2) that pins leave: of the pinned snippets their times, of the others what is between.

    A cue that lies on the wrong side of a pin ends before it starts.
    """
    times = np.stack(
        [np.clip(cues[:, 0], *constraints.start.T), np.clip(cues[:, 1], *constraints.end.T)], axis=1
    )
    earliest = -np.inf  # up to here, pins say that earlier snippets are told
    for j in range(len(times)):
        times[j, 0] = np.fmax(times[j, 0], earliest) if not np.isnan(times[j, 0]) else np.nan
        earliest = max(earliest, constraints.start[j, 0], constraints.end[j, 0])
    latest = np.inf  # from here on, later ones
    for j in reversed(range(len(times))):
        times[j, 1] = np.fmin(times[j, 1], latest) if not np.isnan(times[j, 1]) else np.nan
        latest = min(latest, constraints.start[j, 1], constraints.end[j, 1])
    times[constraints.absent] = np.nan
    return times
