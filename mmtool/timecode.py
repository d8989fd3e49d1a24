"""SMPTE timecode: the number of a frame as ``HH:MM:SS:FF`` and back, at any frame rate.

A timecode counts frames at the nominal rate: 24 a second for a film of 23.976. Drop-frame timecode
(``HH:MM:SS;FF``), which exists at 30 and 60, keeps up with the clock by leaving out numbers, not frames: the
first two of each minute (four at 60), except every tenth minute.
"""

import re
from fractions import Fraction

TIMECODE = re.compile(r"([0-9]{1,3}):([0-9]{2}):([0-9]{2})([:;.,])([0-9]{2,3})")
CLOSE = 0.005  # frames per second; programs round 23.976 and 29.97 to two or three digits


def exact_rate(rate: float) -> Fraction:
    """The frame rate that is meant: 23.976 and 29.97 are 24000/1001 and 30000/1001."""
    whole = round(rate)
    for meant in (Fraction(whole), Fraction(whole * 1000, 1001)):
        if whole and abs(float(meant) - rate) < CLOSE:
            return meant
    return Fraction(rate).limit_denominator(1001)


def can_drop(rate: float) -> bool:
    """Whether drop-frame timecode exists at a frame rate."""
    return round(rate) > 0 and round(rate) % 30 == 0


def is_drop(text: str) -> bool:
    """Whether a timecode says that it is drop-frame: by anything but a colon before the frames."""
    return text.rstrip("0123456789")[-1:] in (";", ".", ",")


def frame_of(text: str, rate: float, *, drop: bool | None = None) -> int:
    """The frame that a timecode numbers, from 0 at ``00:00:00:00``.

    Args:
        text: The timecode.
        rate: Frames per second.
        drop: Whether it is drop-frame timecode; None: as its separator says.

    Raises:
        ValueError: It is not a timecode at this rate.
    """
    found = TIMECODE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    hours, minutes, seconds, frames = (int(found[part]) for part in (1, 2, 3, 5))
    base = round(rate)
    if frames >= base or minutes > 59 or seconds > 59:
        raise ValueError(text)
    number = ((hours * 60 + minutes) * 60 + seconds) * base + frames
    if can_drop(rate) and (is_drop(text) if drop is None else drop):
        skipped, minute = base // 15, hours * 60 + minutes
        if minute % 10 and seconds == 0 and frames < skipped:
            number += skipped - frames  # a number that does not exist stands for the next that does
        number -= skipped * (minute - minute // 10)
    return number


def timecode_of(frame: int, rate: float, *, drop: bool = False) -> str:
    """The timecode of a frame; after 24 hours it starts again. ``drop`` counts only where it exists."""
    base = round(rate)
    drop = drop and can_drop(rate)
    if drop:
        skipped = base // 15
        ten_minutes = 600 * base - 9 * skipped
        tens, rest = divmod(frame, ten_minutes)
        minutes = max(0, rest - skipped) // (60 * base - skipped)  # the first minute leaves out none
        frame += skipped * (9 * tens + minutes)
    seconds, frames = divmod(frame, base)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours % 24:02}:{minutes:02}:{seconds:02}{';' if drop else ':'}{frames:02}"
