"""What the columns of a table hold, by their headings, and the times in them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mmtool.text.times import read_time

_HEADINGS: Mapping[str, tuple[str, ...]] = {  # the usual one, then those of other programs
    "text": (
        *("text", "transcript", "caption", "subtitle", "dialogue", "dialog", "sentence", "utterance"),
        *("captions", "subtitles", "transcription", "content", "untertitel", "texte", "texto", "testo"),
        *("文本", "字幕", "内容", "テキスト", "текст"),
    ),
    "start": (
        *("start", "start time", "starttime", "begin", "begin time", "from", "in", "in point", "time in"),
        *("tc in", "timecode in", "start timecode", "start tc", "onset", "timestamp", "time"),
        *("beginn", "anfang", "von", "début", "inicio", "inizio", "开始", "开始时间", "開始", "начало"),
    ),
    "end": (
        *("end", "end time", "endtime", "stop", "stop time", "to", "out", "out point", "time out"),
        *("tc out", "timecode out", "end timecode", "end tc", "offset", "finish"),
        *("ende", "bis", "fin", "fine", "结束", "结束时间", "終了", "конец"),
    ),
    "duration": ("duration", "dur", "length", "dauer", "durée"),
    "kind": ("kind",),
}
ROLES = {heading: role for role, headings in _HEADINGS.items() for heading in headings}
_UNIT = re.compile(r" (?:in )?(ms|msec|milliseconds|s|sec|secs|seconds)$")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
MILLISECONDS = ("ms", "msec", "milliseconds")
_TIMECODE = re.compile(r"(\d{1,3}):(\d\d):(\d\d)([:;])(\d\d)", re.ASCII)
_RATES = (24, 25, 30, 50, 60)
_DROPPING = 30000 / 1001  # frames a second where timecodes have a semicolon
TIMES = ("start", "end", "duration")
_MOST_NAMES = 5  # of columns that a note lists


@dataclass(frozen=True, slots=True)
class Columns:
    """The number of the column of each role, and how many columns there are.

    Attributes:
        names: The headings as they are written; empty for a table without them.
        of: Roles are text, start, end, duration and kind.
        milliseconds: Roles whose heading says that they are in milliseconds.
        guessed: Roles with another heading than the usual one.
    """

    names: tuple[str, ...]
    of: Mapping[str, int]
    milliseconds: frozenset[str] = frozenset()
    guessed: frozenset[str] = frozenset()

    @property
    def width(self) -> int:
        return len(self.names) or max(self.of.values()) + 1


UNNAMED = Columns((), {"start": 0, "end": 1, "text": 2})


def columns_of(names: Sequence[str]) -> Columns | None:
    """The columns with these headings; None for what is not a row of headings."""
    roles: dict[str, int] = {}
    milliseconds, guessed = set(), set()
    plain = [plain_heading(name) for name in names]
    for exact in (True, False):
        for number, (name, unit) in enumerate(plain):
            role = ROLES.get(name)
            if role is None or role in roles or number in roles.values():
                continue
            if exact is (name == role):
                roles[role] = number
                milliseconds.update([role] if unit in MILLISECONDS else [])
                guessed.update([] if exact else [role])
    if "text" not in roles or ("text" in guessed and len(roles) < min(2, len(names))):
        return None
    return Columns(tuple(names), roles, frozenset(milliseconds), frozenset(guessed))


def unread_note(one: str, names: Sequence[str]) -> str:
    """A note that names the columns or keys that are not read."""
    listed = [name[:40] for name in names[:_MOST_NAMES]]
    left = len(names) - len(listed)
    said = ", ".join(listed) + (f" and {left} more" if left else "")
    return f"1 {one} is not read: {said}" if len(names) == 1 else f"{len(names)} {one}s are not read: {said}"


def plain_heading(name: str) -> tuple[str, str]:
    """A heading in lower case with single spaces, and the unit at its end: "Start_Time (ms)", "startMs"."""
    apart = _HUMP.sub(" ", name)
    words = " ".join(re.sub(r"[\s_\-.()\[\]/:]+", " ", apart).lower().split())
    if unit := _UNIT.search(words):
        return words[: unit.start()], unit[1]
    return words, ""


@dataclass(frozen=True, slots=True)
class Clock:
    """Reads the times of a table: seconds, clock times, or timecodes at ``rate`` frames a second."""

    rate: int | None = None
    dropping: bool = False

    @classmethod
    def of(cls, cells: Iterable[str]) -> "Clock":
        """The clock of these cells: at the lowest usual rate that has all frames of their timecodes."""
        found = [code for cell in cells if (code := _TIMECODE.fullmatch(cell))]
        if not found:
            return cls()
        most = max(int(code[5]) for code in found)
        rate = next((rate for rate in _RATES if rate > most), None)
        return cls(rate, dropping=rate is not None and rate <= 30 and any(code[4] == ";" for code in found))

    @property
    def note(self) -> str:
        """What was assumed; empty where nothing was."""
        if self.rate is None:
            return ""
        rate = "29.97 frames a second, drop frame" if self.dropping else f"{self.rate} frames a second"
        return f"times are read as timecodes at {rate}"

    def read(self, cell: str, per_second: int = 1) -> float | None:
        """Seconds, from a number of 1 / ``per_second`` s, a clock time or a timecode; None otherwise."""
        if (code := _TIMECODE.fullmatch(cell)) and self.rate:
            hours, minutes, seconds, frames = (int(code[group]) for group in (1, 2, 3, 5))
            whole = hours * 3600 + minutes * 60 + seconds
            if minutes > 59 or seconds > 59:
                return None
            if not self.dropping:
                return whole + frames / self.rate
            passed = hours * 60 + minutes  # two frame numbers are skipped each minute but every tenth
            return (whole * 30 + frames - 2 * (passed - passed // 10)) / _DROPPING
        seconds_read = read_time(cell)
        if seconds_read is None or per_second == 1 or ":" in cell:
            return seconds_read
        return seconds_read / per_second
