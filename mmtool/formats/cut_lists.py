"""Cuts from elsewhere: a scene list of PySceneDetect, an edit decision list (CMX 3600), or plain times."""

import csv
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from mmtool.errors import InputError
from mmtool.formats.csv_rows import finite_seconds, read_utf8
from mmtool.records import Clip

SUFFIXES = (".csv", ".edl", ".txt")
REMEDY = "use a list-scenes CSV of PySceneDetect, an EDL (CMX 3600), or one time per line"
_EDL_EVENT = re.compile(
    r"^\s*\d+\s+\S+\s+\S+\s+[CDW]\w*\s+(?:\d+\s+)?" + r"\s+".join([r"(\d\d:\d\d:\d\d[:;]\d\d)"] * 4) + r"\s*$"
)


def seconds_of(text: str) -> float:
    """Parse seconds, ``M:SS.s`` or ``H:MM:SS.s``; raises ValueError for anything else."""
    parts = text.strip().replace(",", ".").split(":")
    if not 1 <= len(parts) <= 3 or not all(re.fullmatch(r"\d+", part) for part in parts[:-1]):
        raise ValueError(text)
    if not re.fullmatch(r"\d+(\.\d*)?|\.\d+", parts[-1]):
        raise ValueError(text)
    numbers = [float(part) for part in parts]
    if any(number >= 60 for number in numbers[1:]):
        raise ValueError(text)
    seconds = 0.0
    for number in numbers:
        seconds = 60 * seconds + number
    return seconds


def read_cut_list(path: Path, *, frame_rate: float, end: float | None, offset: float = 0.0) -> list[Clip]:
    """Read the clips of a film, in order and without overlap.

    Args:
        path: The list; its suffix and header tell which of the three formats it has.
        frame_rate: Frames per second of the film, for EDLs.
        end: Duration of the film in seconds; None if unknown.
        offset: Time of the first frame in seconds; the times of PySceneDetect are relative to it.

    Returns:
        The clips. Only those from PySceneDetect have frames, the others just times.

    Raises:
        InputError: A line is malformed, out of order or outside the film.
    """
    lines = read_utf8(path, REMEDY).splitlines()
    content = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if path.suffix.lower() == ".edl":
        clips = _edl(path, content, frame_rate)
    elif any("Start Frame" in line for _, line in content[:2]):
        clips = _scene_list(path, content, offset)
    else:
        clips = _plain(path, content, end)
    if not clips:
        raise InputError(path, "contains no cuts", REMEDY)
    return _checked(path, clips, end, slack=1.5 / frame_rate)


Numbered = Sequence[tuple[int, str]]
Found = list[tuple[int, Clip]]  # with line numbers


def _scene_list(path: Path, lines: Numbered, offset: float) -> Found:
    if "Start Frame" not in lines[0][1]:
        lines = lines[1:]  # the line above the header repeats the cuts as timecodes
    columns = next(csv.reader([lines[0][1]]))
    found: Found = []
    for number, line in lines[1:]:
        row = dict(zip(columns, next(csv.reader([line])), strict=False))
        try:
            start, end = (finite_seconds(row[f"{edge} Time (seconds)"]) + offset for edge in ("Start", "End"))
            clip = Clip(start, end, int(row["Start Frame"]) - 1, int(row["End Frame"]))  # frames from 1
        except (KeyError, ValueError):
            raise InputError(path, f"line {number} is not a scene of PySceneDetect", REMEDY) from None
        found.append((number, clip))
    return found


def _edl(path: Path, lines: Numbered, frame_rate: float) -> Found:
    """Read the record times, which locate each event in the finished film."""
    found: Found = []
    for number, line in lines:
        event = _EDL_EVENT.match(line)
        if event:
            start, end = (_smpte(path, number, text, frame_rate) for text in event.groups()[2:])
            found.append((number, Clip(start, end)))
    return found


def _smpte(path: Path, number: int, text: str, frame_rate: float) -> float:
    """Parse ``HH:MM:SS:FF``, or ``HH:MM:SS;FF`` for drop-frame timecode.

    Drop-frame timecode skips the first two frame numbers of each minute, except every tenth.
    """
    hours, minutes, seconds, frames = map(int, re.split("[:;]", text))
    base = round(frame_rate)
    if frames >= base or minutes > 59 or seconds > 59:
        raise InputError(
            path,
            f"line {number}: {text} is not a valid timecode at {frame_rate:g} frames per second",
            "check the EDL",
        )
    count = ((hours * 60 + minutes) * 60 + seconds) * base + frames
    if ";" in text:
        whole = hours * 60 + minutes
        count -= base // 15 * (whole - whole // 10)
    return count / frame_rate


def _plain(path: Path, lines: Numbered, end: float | None) -> Found:
    """Each time starts a clip; a first time of 0 may be omitted."""
    times: list[tuple[int, float]] = []
    for number, line in lines:
        if line.lstrip().startswith("#"):
            continue
        try:
            time = seconds_of(line)
        except ValueError:
            raise InputError(path, f"line {number}: {line.strip()[:40]!r} is not a time", REMEDY) from None
        if times and time <= times[-1][1]:
            raise InputError(path, f"line {number}: {time:g} s is not after the time above", "sort the times")
        if end is not None and time >= end:
            raise _outside(path, number, time, end)
        times.append((number, time))
    if end is None:
        raise InputError(
            path, "the duration of the film is unknown", "use a list that contains the ends of clips"
        )
    if times and times[0][1] > 0:
        times.insert(0, (times[0][0], 0.0))
    edges = [*times, (0, end)]
    return [(number, Clip(start, stop)) for (number, start), (_, stop) in pairwise(edges)]


def _outside(path: Path, number: int, time: float, end: float) -> InputError:
    return InputError(
        path, f"line {number}: {time:g} s is outside the film, which ends at {end:g} s", "correct it"
    )


def _checked(path: Path, found: Found, end: float | None, slack: float) -> list[Clip]:
    before = 0.0
    for number, clip in found:
        if clip.start < before - 1e-6:
            raise InputError(
                path, f"line {number}: {clip.start:g} s is before the end of the clip above", "sort the clips"
            )
        if end is not None and max(clip.end, clip.start) > end + slack:
            raise _outside(path, number, clip.start if clip.start > end else clip.end, end)
        if clip.end <= clip.start:
            raise InputError(path, f"line {number}: the clip at {clip.start:g} s has no length", "correct it")
        before = clip.end
    return [clip for _, clip in found]
