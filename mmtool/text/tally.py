"""What a reader skips and repairs, counted for the user: one bad entry never condemns a file."""

from dataclasses import dataclass, field

from mmtool.errors import InputError
from mmtool.records import Interval
from mmtool.text.source import Source
from mmtool.text.times import is_time, read_time


@dataclass(slots=True)
class Tally:
    """Counts the entries of a source; ``one`` and ``many`` are what its format calls them.

    Attributes:
        entries: All entries with text that were met so far.
        untimed: Those whose times cannot be used, so that they are read without them.
        empty: Entries without text, which are left out.
        unreadable: Entries that are not of the format, which are left out.
        reversed: Those of the untimed that end before they start where the format has a meaning for that;
            they do not condemn the file.
    """

    source: Source
    one: str
    many: str
    remedy: str
    entries: int = 0
    untimed: int = 0
    empty: int = 0
    unreadable: int = 0
    reversed: int = 0
    _first: dict[str, str] = field(default_factory=dict)

    def times(self, line: int, start: str, end: str) -> Interval | None:
        """Read the times of an entry with text; counts it, as untimed where they cannot be used."""
        times = []
        for written in (start, end):
            seconds = read_time(written)
            if seconds is None or not is_time(seconds):
                self.no_times(line, f"'{written.strip()[:40]}' is not a time")
                return None
            times.append(seconds)
        return self.interval(line, times[0], times[1], (start.strip(), end.strip()))

    def interval(
        self,
        line: int,
        start: float,
        end: float,
        written: tuple[object, object] | None = None,
        *,
        may_be_reversed: bool = False,
    ) -> Interval | None:
        """The times of an entry with text; counts it, as untimed where they cannot be used.

        ``may_be_reversed`` says that the format has entries that do not end after their start.
        """
        first, last = written or (start, end)
        if not (is_time(start) and is_time(end)):
            self.no_times(line, f"{_short(first)} to {_short(last)} are not times of a film")
            return None
        if end <= start:
            self.no_times(line, f"the end {_short(last)} is not after the start {_short(first)}")
            self.reversed += may_be_reversed
            return None
        self.entries += 1
        return Interval(start, end)

    def no_times(self, line: int, problem: str) -> None:
        """Count an entry with text that is read without times, and why."""
        self.entries += 1
        self.untimed += 1
        self._first.setdefault("untimed", f"line {line}: {problem}")

    def count(self) -> None:
        """Count an entry with text that needs no times."""
        self.entries += 1

    def drop_empty(self) -> None:
        """Count an entry without text, which is left out."""
        self.empty += 1

    def drop_unreadable(self, problem: str) -> None:
        """Count an entry that cannot be read and is left out, and say why: "line 2 is not JSON"."""
        self.unreadable += 1
        self._first.setdefault("unreadable", problem)

    def finish(self) -> None:
        """Add the notes to the source; raises InputError where most entries could not be used as they are."""
        bad = self.untimed - self.reversed + self.unreadable
        entries = self.entries + self.unreadable
        if 2 * bad > entries:
            problem = self._first["unreadable" if self.unreadable else "untimed"]
            if bad > 1:
                problem += f" (in all, {bad} of {entries} {self.many} cannot be used)"
            raise InputError(self.source.path, problem, self.remedy)
        if self.untimed:
            said = f"{self._counted(self.untimed)} no usable times and {_was(self.untimed)} read without them"
            self.source.notes.append(f"{said}; {self._first['untimed']}")
        if self.unreadable:
            said = f"{self._counted(self.unreadable, '')} left out; {self._first['unreadable']}"
            self.source.notes.append(said)
        if self.empty:
            self.source.notes.append(f"{self._counted(self.empty)} no text and {_was(self.empty)} left out")

    def _counted(self, count: int, verb: str = "had") -> str:
        return f"{count} {self.one if count == 1 else self.many} {verb or _was(count)}"


def _short(time: object) -> str:
    return f"{time:.15g}" if isinstance(time, float) else str(time)[:40]


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
