"""Cuts from elsewhere: a scene list of PySceneDetect, an edit decision list (CMX 3600), or plain times."""

import csv
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from mmtool.errors import InputError
from mmtool.formats.csv_rows import finite_seconds, read_utf8
from mmtool.formats.edit_decisions import read_edit_decisions
from mmtool.records import Clip

SUFFIXES = (".csv", ".edl", ".txt")
REMEDY = "use a list-scenes CSV of PySceneDetect, an EDL (CMX 3600), or one time per line"


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


class CutList(NamedTuple):
    """The clips of a cut list, at least one, and what was left out or assumed."""

    clips: list[Clip]
    notes: list[str]


def read_cut_list(
    path: Path,
    *,
    frame_rate: float,
    end: float | None,
    offset: float = 0.0,
    media_start: str | None = None,
) -> CutList:
    """Read the clips of a film, in order and without overlap.

    Args:
        path: The list; its suffix and header tell which of the three formats it has.
        frame_rate: Frames per second of the film, for EDLs.
        end: Duration of the film in seconds; None if unknown.
        offset: Time of the first frame in seconds; the times of PySceneDetect are relative to it.
        media_start: The timecode at which the film itself starts, from which an EDL may count.
        media_start: The timecode at which the film itself starts, from which an EDL may count.

    Returns:
        The clips. Only those from PySceneDetect have frames, the others just times.

    Raises:
        InputError: A line is malformed, out of order or outside the film.
    """
    if path.suffix.lower() == ".edl":
        decisions = read_edit_decisions(
            path, frame_rate=frame_rate, end=end, offset=offset, media_start=media_start
        )
        found = [(line, Clip(start, stop)) for line, start, stop in decisions.shots]
        return CutList(_checked(path, found, end, slack=1.5 / frame_rate), decisions.notes)
    lines = read_utf8(path, REMEDY).splitlines()
    content = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if any("Start Frame" in line for _, line in content[:2]):
        clips = _scene_list(path, content, offset)
    else:
        clips = _plain(path, content, end)
    if not clips:
        raise InputError(path, "contains no cuts", REMEDY)
    return CutList(_checked(path, clips, end, slack=1.5 / frame_rate), [])


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
