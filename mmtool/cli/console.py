"""What people see: lines of results, and the one place where errors become exit codes."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, TextIO

import typer

from mmtool.cli.interrupts import INTERRUPTED, LINE
from mmtool.errors import MmtoolError, SettingError
from mmtool.records import Progress, Report, StageReport, silent

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 160  # of tables that no terminal shows
ASKS_FOR_STYLE = ("FORCE_COLOR", "TTY_COMPATIBLE")  # in the environment, whatever the stream is


class Screen:
    """A standard stream; rich, which takes longer to load than most results to print, comes when needed."""

    def __init__(self, *, stderr: bool) -> None:
        self._stderr = stderr

    @property
    def _file(self) -> TextIO:
        return sys.stderr if self._stderr else sys.stdout

    @cached_property
    def rich(self) -> "Console":
        from rich.console import Console

        width = None if self._stderr or self._file.isatty() else PIPE_WIDTH
        return Console(stderr=self._stderr, highlight=False, emoji=False, soft_wrap=True, width=width)

    @property
    def is_terminal(self) -> bool:
        asked = any(map(os.environ.get, ASKS_FOR_STYLE))
        return (asked or self._file.isatty()) and self.rich.is_terminal

    @property
    def width(self) -> int:
        return self.rich.width

    def print(self, *content: object) -> None:
        """Print what rich can show, and texts with its markup."""
        self.rich.print(*content)

    def line(self, *parts: str | tuple[str, str]) -> None:
        """Print texts, or (text, style), one after the other."""
        if self.is_terminal:
            from rich.text import Text

            self.rich.print(Text.assemble(*parts))
        else:
            texts = (part if isinstance(part, str) else part[0] for part in parts)
            self._file.write("".join(texts) + "\n")
            self._file.flush()  # a reader that left is noticed here


out, err = Screen(stderr=False), Screen(stderr=True)

ALL_DONE, SOME_FAILED, IMPOSSIBLE = 0, 1, 2


_flags: ContextVar[Mapping[str, str]] = ContextVar("flags", default=MappingProxyType({}))
_NAMED = re.compile(r"`(\w+)(?:=([^`\s]+))?`")  # a setting in a message, with or without a value


def as_options(message: str) -> str:
    """A message in which the settings of the command that runs are named as its options."""

    def option(match: re.Match[str]) -> str:
        flag = _flags.get().get(match[1])
        return match[0] if flag is None else f"{flag} {match[2]}" if match[2] else flag

    return _NAMED.sub(option, message)


@contextmanager
def error_boundary(flags: Mapping[str, str] | None = None) -> Iterator[None]:
    """Turn errors meant for the user into one line and an exit code; never a traceback.

    ``flags`` are the options of the command by the names of its settings. ``MMTOOL_DEBUG=1`` shows the
    traceback instead.
    """
    if flags is not None:
        _flags.set(flags)
    try:
        yield
    except SettingError as error:
        flag = _flags.get().get(error.setting, error.setting)
        _fail(f"{flag} {as_options(error.problem)}", IMPOSSIBLE)
    except MmtoolError as error:
        _fail(as_options(str(error)), IMPOSSIBLE)
    except KeyboardInterrupt:
        _fail(LINE, INTERRUPTED)
    except BrokenPipeError:
        sys.stdout = None  # the reader of a pipe left; there is nobody to flush to
        raise typer.Exit(ALL_DONE) from None
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _fail(f"{place}{error.strerror or error}", IMPOSSIBLE)
    except UnicodeEncodeError as error:
        wrong = ascii(error.object[error.start : error.end])
        _fail(
            f"a file's name or a text holds {wrong}, which is no character; rename or correct it", IMPOSSIBLE
        )
    except MemoryError:
        _fail("out of memory; try a smaller --batch-size", IMPOSSIBLE)


def _fail(line: str, code: int) -> None:
    if os.environ.get("MMTOOL_DEBUG") == "1":
        raise  # inside the handler that called
    err.line(("error", "bold red"), f" {line}")
    raise typer.Exit(code) from None


@contextmanager
def progress_bars(*, quiet: bool) -> Iterator[Progress]:
    """A stage's progress on stderr; nothing where that is no terminal."""
    if quiet or not err.is_terminal:
        yield silent
        return
    from mmtool.cli.progress import ProgressBars

    with ProgressBars() as bars:
        yield bars


def finish(report: Report | StageReport, *, as_json: bool, extra: Mapping[str, object] | None = None) -> None:
    """Print what a stage did and leave with the right exit code."""
    if as_json:
        print_json({"stage": report.stage} | asdict(report) | {"facts": report.facts} | dict(extra or {}))
    else:
        result_line(report)
    if report.failures:
        raise typer.Exit(SOME_FAILED)


def print_json(content: object) -> None:
    """Print one JSON value on stdout."""
    sys.stdout.write(json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n")


def result_line(report: Report | StageReport) -> None:
    """One line of result on stdout; notes and failures, a line each, on stderr."""
    parts: list[str | tuple[str, str]] = [(report.stage, "bold green"), f"  {len(report.done)} done"]
    if report.unchanged:
        parts.append(f", {len(report.unchanged)} unchanged")
    if report.failures:
        parts += [", ", (f"{len(report.failures)} failed", "bold red")]
    out.line(*parts, *(f" · {name} {_number(value)}" for name, value in report.facts.items()))
    for note in report.notes:
        err.line(("note", "yellow"), f" {as_options(note)}")
    for failure in report.failures:
        err.line(("failed", "bold red"), f" {as_options(failure.reason)}")


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def show_facts(facts: Mapping[str, object]) -> None:
    """Print names and values, a line each."""
    width = max(map(len, facts))
    for name, value in facts.items():
        out.line((f"{name:<{width}}", "bold"), f"  {value}")


def percent(value: float) -> str:
    """A share as a percentage with one decimal; a dash where it is undefined."""
    return "–" if value != value else f"{100 * value:.1f}"


def timecode(seconds: float) -> str:
    """H:MM:SS.s, rounded to a tenth of a second."""
    tenths = round(seconds * 10)
    return f"{tenths // 36000}:{tenths // 600 % 60:02}:{tenths // 10 % 60:02}.{tenths % 10}"


def run_stage(stage: Callable[[Progress], Report | StageReport], *, as_json: bool) -> None:
    """Run a stage under progress bars and print its report."""
    with error_boundary():
        with progress_bars(quiet=as_json) as progress:
            report = stage(progress)
        finish(report, as_json=as_json)
