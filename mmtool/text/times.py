"""Reading times as people write them."""

import re
from pathlib import Path

from mmtool.errors import InputError
from mmtool.records import Interval

_CLOCK = re.compile(r"(?:(\d{1,4}):)?([0-5]?\d):([0-5]?\d)(?:[.,](\d{1,9}))?", re.ASCII)
_SECONDS = re.compile(r"(\d{1,9})(?:[.,](\d{1,9}))?", re.ASCII)


def parse_interval(path: Path, place: str, start: str, end: str) -> Interval:
    """Read a start and an end, each in seconds, M:SS.mmm or H:MM:SS.mmm with a point or a comma.

    ``place`` says where in ``path`` they are ("line 7"). Raises InputError for what is not a time, and
    for an end that is not after its start.
    """
    interval = Interval(parse_time(path, place, start), parse_time(path, place, end))
    return checked_interval(path, place, interval.start, interval.end, written=(start, end))


def checked_interval(
    path: Path, place: str, start: float, end: float, *, written: tuple[object, object] | None = None
) -> Interval:
    """The interval; raises InputError, with the times as ``written``, for an end not after its start."""
    if end <= start:
        first, last = written or (start, end)
        raise InputError(path, f"{place}: the end {last} is not after the start {first}", "correct the times")
    return Interval(float(start), float(end))


def parse_time(path: Path, place: str, text: str) -> float:
    """Read a time in seconds; raises InputError for what is not a time."""
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds, fraction = clock.groups()
        whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    elif plain := _SECONDS.fullmatch(text):
        whole, fraction = int(plain[1]), plain[2]
    else:
        raise InputError(path, f"{place}: '{text}' is not a time", "write seconds or H:MM:SS.mmm")
    return float(f"{whole}.{fraction or 0}")  # one rounding, so that equal times compare equal
