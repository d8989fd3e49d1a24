"""Edit decision lists (CMX 3600), as PySceneDetect, DaVinci Resolve, Premiere and other programs write them.

An event is a line ``number reel channels kind [length] source-in source-out record-in record-out``. Record
times locate it in the finished film. Of transitions, the line that names the new shot counts.
"""

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

from mmtool.errors import InputError
from mmtool.timecode import TIMECODE, exact_rate, frame_of, is_drop, timecode_of

REMEDY = "export it again at the film's frame rate"
_KINDS = re.compile(r"C|D|W[0-9]*|K|KB|KO")
_CHANNELS = re.compile(r"[AV][AV0-9/]*|B|B/.*|NONE")
_VIDEO = re.compile(r"V([0-9]{0,4})")
_PYSCENEDETECT = "CREATED WITH PYSCENEDETECT"


@dataclass(frozen=True, slots=True)
class Event:
    """A shot on a video track: its line, its track, and its record times in frames."""

    line: int
    track: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class EditDecisions:
    """The shots that are seen, in order, as ``(line, start, end)`` in seconds; and what was left out."""

    shots: list[tuple[int, float, float]]
    notes: list[str]


def read_edit_decisions(
    path: Path, *, frame_rate: float, end: float | None, offset: float, media_start: str | None
) -> EditDecisions:
    """Read the shots of a film.

    Args:
        path: The list.
        frame_rate: Frames per second of the film.
        end: Duration of the film in seconds; None if unknown.
        offset: Time of the first picture in seconds; PySceneDetect counts from there.
        media_start: The timecode at which the film itself starts, if it has one.

    Raises:
        InputError: The file cannot be read, a timecode is impossible at this frame rate, or no event has
            pictures.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(path, "no such file", "check the path") from None
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check the file") from error
    # Comments hold names in any encoding; everything else is ASCII.
    encoding = "utf-16" if content[:2] in (BOM_UTF16_LE, BOM_UTF16_BE) else "utf-8-sig"
    lines = content.decode(encoding, errors="replace").splitlines()
    rate = exact_rate(frame_rate)
    by_clock = any(_PYSCENEDETECT in line for line in lines[:5])
    reader = _Reader(path, rate, by_clock)
    for number, line in enumerate(lines, start=1):
        reader.read(number, line)
    if not reader.events:
        only = ", only events of sound" if reader.sound else ""
        raise InputError(path, f"contains no cuts{only}", "export the events of a video track")
    seen = _seen(reader.events)
    latest = None if end is None else (end - (offset if by_clock else 0.0)) * float(rate) + 1.5
    notes = reader.notes()
    origin = _origin(seen, rate, latest, reader.drop, by_clock, media_start)
    if origin is None:
        seen, origin = _without_leader(seen, rate, latest, reader.drop, notes)
    if origin:
        start = timecode_of(origin, float(rate), drop=reader.drop)
        notes.append(f"its record times count from {start}, which was taken for the start of the film")
    zero = offset if by_clock else 0.0

    def seconds(frame: int) -> float:
        return float((frame - origin) / rate) + zero

    shots = [(event.line, seconds(event.start), seconds(event.end)) for event in seen]
    return EditDecisions(shots, [f"{path}: {note}" for note in notes])


class _Reader:
    """Collects the events of video tracks, and counts the others."""

    def __init__(self, path: Path, rate: Fraction, by_clock: bool) -> None:
        self.events: list[Event] = []
        self.drop = False
        self.sound = 0
        self._path, self._rate, self._by_clock = path, rate, by_clock
        self._keyed = self._unreadable = 0
        self._drop_mode = False  # of the last FCM line

    def read(self, number: int, line: str) -> None:
        words = line.split()
        if not words:
            return
        if words[0].upper() == "FCM:":
            self._drop_mode = words[1:2] != [] and words[1].upper() == "DROP"
        if not words[0].isdecimal() or len(words) < 4:
            return
        at = next((i for i, word in enumerate(words) if TIMECODE.fullmatch(word)), len(words))
        times = words[at : at + 4]
        head = words[1:at]
        if head and head[-1].isdecimal() and len(head) > 3:
            head.pop()  # the length of a transition
        kind, foreground = _kind(head)
        if len(times) < 4 or not all(map(TIMECODE.fullmatch, times)) or not _KINDS.fullmatch(kind):
            self._unreadable += 1
            return
        channels = head[-1].upper() if len(head) > 1 else ""
        track = _track(channels)
        if track is None:
            self.sound += 1
        elif foreground:
            self._keyed += 1  # a title or a picture over the shot below
        else:
            start, end = (self._frame(number, text) for text in times[2:])
            if end > start:  # the first line of a transition often has no length
                self.events.append(Event(number, track, start, end))

    def notes(self) -> list[str]:
        """What was left out, in words."""
        left_out = (
            (self.sound, "event of sound was left out", "events of sound were left out"),
            (self._keyed, "keyed event was left out", "keyed events were left out"),
            (self._unreadable, "event could not be read", "events could not be read"),
        )
        return [f"{count} {one if count == 1 else many}" for count, one, many in left_out if count]

    def _frame(self, number: int, text: str) -> int:
        rate = float(self._rate)
        drop = is_drop(text) or self._drop_mode
        try:
            if self._by_clock:
                return _clock_frame(text, self._rate)
            frame = frame_of(text, rate, drop=drop)
        except ValueError:
            raise InputError(
                self._path,
                f"line {number}: {text} is not a valid timecode at {rate:g} frames per second",
                REMEDY,
            ) from None
        self.drop = self.drop or drop
        return frame


def _kind(head: list[str]) -> tuple[str, bool]:
    """Take the kind of an event off its first words; also whether it is a key over another shot."""
    kind = head.pop().upper() if head else ""
    if kind in ("B", "O") and head and head[-1].upper() == "K":
        kind = head.pop().upper() + kind
    return kind, kind in ("K", "KO")


def _track(channels: str) -> int | None:
    """The number of the highest video track among the channels of an event; None where it has only sound."""
    if not _CHANNELS.fullmatch(channels) or channels.startswith("B"):
        return 1  # B: pictures and sound
    return max((int(number or 1) for number in _VIDEO.findall(channels)), default=None)


def _clock_frame(text: str, rate: Fraction) -> int:
    """PySceneDetect writes the seconds of the clock, and the whole frames after them: the first that fits."""
    found = TIMECODE.fullmatch(text)
    if found is None or int(found[2]) > 59 or int(found[3]) > 59 or int(found[5]) >= rate:
        raise ValueError(text)
    seconds = (int(found[1]) * 60 + int(found[2])) * 60 + int(found[3])
    return ceil(seconds * rate + int(found[5]) - Fraction(1, 10**6))


def _seen(events: Sequence[Event]) -> list[Event]:
    """The parts of events that no higher track covers, in the order of time."""
    covered: list[tuple[int, int]] = []  # disjoint and sorted
    seen: list[Event] = []
    for track in sorted({event.track for event in events}, reverse=True):
        own = sorted((event for event in events if event.track == track), key=lambda event: event.start)
        seen += _uncovered(own, covered)
        covered = _joined(covered + [(event.start, event.end) for event in own])
    return sorted(seen, key=lambda event: (event.start, event.end))


def _uncovered(events: Sequence[Event], covered: Sequence[tuple[int, int]]) -> list[Event]:
    parts, first = [], 0
    for event in events:
        while first < len(covered) and covered[first][1] <= event.start:
            first += 1
        position = event.start
        for number in range(first, len(covered)):
            start, end = covered[number]
            if start >= event.end:
                break
            if start > position:
                parts.append(Event(event.line, event.track, position, start))
            position = max(position, end)
        if position < event.end:
            parts.append(Event(event.line, event.track, position, event.end))
    return parts


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _origin(
    seen: Sequence[Event],
    rate: Fraction,
    latest: float | None,
    drop: bool,
    by_clock: bool,
    media_start: str | None,
) -> int | None:
    """The record time, in frames, at which the film starts; None where none is plausible.

    A list that starts at a whole hour after 0 counts from there, as editors do. Otherwise, where times lie
    outside of the film, they may count from the film's own timecode or from the hour before.
    """
    first, last = seen[0].start, max(event.end for event in seen)

    def fits(origin: int) -> bool:
        return origin <= first and (latest is None or last - origin <= latest)

    hour = _hour(rate, drop)
    whole = first // hour * hour
    if not by_clock and first == whole and fits(whole):
        return whole
    if fits(0):
        return 0
    others = [first] if by_clock else [whole]  # PySceneDetect's first event starts the film
    if media_start is not None and not by_clock:
        with suppress(ValueError):  # a timecode at another rate
            others.insert(0, frame_of(media_start, float(rate)))
    return next((origin for origin in others if fits(origin)), None)


def _without_leader(
    seen: list[Event], rate: Fraction, latest: float | None, drop: bool, notes: list[str]
) -> tuple[list[Event], int]:
    """The events from the first whole hour on, if they fit the film: bars and a slate may stand before it.

    Otherwise all events, which are taken to count from 0.
    """
    hour = _hour(rate, drop)
    origin = -(-seen[0].start // hour) * hour
    rest = [event for event in seen if event.start >= origin]
    if not rest or latest is None or max(event.end for event in rest) - origin > latest:
        return seen, 0
    left = len(seen) - len(rest)
    start = timecode_of(origin, float(rate), drop=drop)
    notes.append(f"{left} {'event' if left == 1 else 'events'} before {start} left out")
    return rest, origin


def _hour(rate: Fraction, drop: bool) -> int:
    """The frames of an hour of timecode."""
    return frame_of("01:00:00;00", float(rate), drop=True) if drop else 3600 * round(rate)
