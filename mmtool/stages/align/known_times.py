"""What is known of a video before timing: pins, and times of the text itself."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.cues.explained import WordsOfCues
from mmtool.alignment.cues.fitting import cue_times, fit_cues
from mmtool.alignment.cues.jumps import Part, find_jumps
from mmtool.alignment.cues.overlap import align_by_cues
from mmtool.alignment.cues.sync import RATES, Shift, find_shift
from mmtool.alignment.timing.inputs import spoken_texts
from mmtool.alignment.timing.timed_alignment import TimedAlignment
from mmtool.alignment.words.heard import HeardWords
from mmtool.arrays import Floats
from mmtool.choices import Use
from mmtool.constraints import Constraints
from mmtool.decoders import VideoToAlign
from mmtool.formats.corpus import Corpus
from mmtool.records import Clip, Interval, Snippet
from mmtool.settings.align import AlignSettings
from mmtool.stages.shared.transcript_files import transcript_file
from mmtool.transcripts.readers import read_transcript

CUES_VERSION = 2  # is raised when cues give a film other labels


class KnownTimes(NamedTuple):
    """The times (M, 2) of the text in the film's own, None without any; and notes about them.

    ``gone`` (M,) are cues that were found not to be in the film, whose times are NaN.
    """

    cues: Floats | None
    notes: tuple[str, ...] = ()
    gone: NDArray[np.bool_] | None = None


def known_times(
    clips: Sequence[Clip],
    snippets: Sequence[Snippet],
    settings: AlignSettings,
    speech: Callable[[], Sequence[Interval]] | None = None,
    heard: HeardWords | None = None,
) -> KnownTimes:
    """The times of the text where they count.

    ``speech`` reads when somebody speaks in the film, where that is known; it is asked only if the text has
    times. ``heard`` are the words of the text that were heard, if any.
    """
    times = cue_times(snippets) if settings.cue_times is Use.USE else None
    if times is None:
        return KnownTimes(None)
    film = Interval(clips[0].start, max(clip.end for clip in clips))
    if speech is not None:
        said = speech()
        shift = find_shift(times, said, film)
        if (moved := _in_parts(times, said, film, shift, heard)) is not None:
            return moved
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


def _in_parts(
    times: Floats,
    said: Sequence[Interval],
    film: Interval,
    shift: Shift | None,
    heard: HeardWords | None,
) -> KnownTimes | None:
    """The cues (M, 2) moved by several offsets; None where one is enough."""
    known = np.flatnonzero(~np.isnan(times[:, 0]))
    for rate in RATES if shift is None else (shift.rate,):
        cues = times[known] * rate
        found = find_jumps(cues, said, film, None if heard is None else _words_of(heard, known, cues))
        if found is not None:
            break
    if found is None or len(found.parts) < 2:
        return None
    moved = np.full_like(times, np.nan)
    moved[known] = found.times
    gone = np.isnan(moved[:, 0]) & ~np.isnan(times[:, 0])
    return KnownTimes(moved, (_moved_in_parts(found.parts, rate, int(gone.sum())),), gone)


def _words_of(heard: HeardWords, known: NDArray[np.int64], cues: Floats) -> WordsOfCues:
    """The words of the cues (K, 2) of the snippets ``known`` (K,), beside when these cues say them."""
    own = np.isin(heard.snippet, known)
    cue = np.searchsorted(known, heard.snippet[own])
    said = cues[cue, 0] + heard.before[own] * (cues[cue, 1] - cues[cue, 0])
    return WordsOfCues(cue, heard.start[own] - said, heard.confidence[own])


def notes_on_times(
    clips: Sequence[Clip], snippets: Sequence[Snippet], settings: AlignSettings
) -> tuple[str, ...]:
    """What the user should know about the times of a text in memory."""
    return known_times(clips, snippets, settings).notes


def _moved(shift: Shift) -> str:
    """What is said about cues that were moved."""
    rate = "" if shift.rate == 1 else f" multiplied by {shift.rate:.4f} and"
    return f"cue times were{rate} moved by {shift.offset:+.2f} s, to where the transcript has speech"


def _moved_in_parts(parts: Sequence[Part], rate: float, gone: int) -> str:
    """The same for cues of another edition."""
    scaled = "" if rate == 1 else f" multiplied by {rate:.4f} and"
    first, *others = parts
    after = "".join(f", from {_clock(part.start)} on by {part.offset:+.2f} s" for part in others)
    lost = "1 cue is" if gone == 1 else f"{gone} cues are"
    where = "to where the transcript has speech" + (f"; {lost} not in this edition" if gone else "")
    return f"cue times were{scaled} moved by {first.offset:+.2f} s{after}, {where}"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02}:{int(seconds) % 60:02}"


def speech_of(corpus: Corpus, id: str) -> Callable[[], Sequence[Interval]] | None:
    """Reads when somebody speaks in a film, from its transcript; None without one."""
    path = transcript_file(corpus, id)
    if path is None:
        return None
    return lambda: [Interval(word.start, word.end) for word in read_transcript(path).words]


def by_cues_alone(
    video: VideoToAlign,
    cues: Floats,
    constraints: Constraints | None,
    gone: NDArray[np.bool_] | None = None,
) -> TimedAlignment | None:
    """The alignment by cues, corrected by pins; None where some text has none, or is out of a pin's order.

    Cues that are ``gone`` (M,) are not in the film.
    """
    told = np.array(spoken_texts([snippet.text for snippet in video.snippets]), dtype=np.int64)
    told = told if gone is None else told[~gone[told]]
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
