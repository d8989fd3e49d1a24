"""Output of the command line: result lines, and the only place where errors become exit codes."""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, TextIO

import typer

from mmtool.cli.interrupts import INTERRUPTED, LINE
from mmtool.errors import MmtoolError, SettingError
from mmtool.memory import lacks_memory
from mmtool.records import Progress, Report, silent

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 160  # columns of a table that is written to a pipe or file
ASKS_FOR_STYLE = (
    "FORCE_COLOR",
    "TTY_COMPATIBLE",
)  # environment variables that ask for styles even without a terminal


# Codes that move the cursor, set colours, break lines or turn the direction of writing, except tabs.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Text of other people, such as a film's name, with its control characters written as escapes."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


class Screen:
    """A standard stream; rich, which takes longer to import than a line to print, is imported when needed."""

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
        """Print renderables of rich, and strings with its markup."""
        self.rich.print(*content)

    def line(self, *parts: str | tuple[str, str]) -> None:
        """Print one line made of strings and (string, style) pairs, without control characters."""
        parts = tuple(
            printable(part) if isinstance(part, str) else (printable(part[0]), part[1]) for part in parts
        )
        if self.is_terminal:
            from rich.text import Text

            self.rich.print(Text.assemble(*parts))
        else:
            texts = (part if isinstance(part, str) else part[0] for part in parts)
            self._file.write("".join(texts) + "\n")
            self._file.flush()  # raises BrokenPipeError here if the reader has left


out, err = Screen(stderr=False), Screen(stderr=True)

ALL_DONE, SOME_FAILED, IMPOSSIBLE = 0, 1, 2

_flags: ContextVar[Mapping[str, str]] = ContextVar("flags", default=MappingProxyType({}))
_SETTING = re.compile(r"`(\w+)(?:=([^`\s]+))?`")  # in a message, with or without a value


def as_options(message: str) -> str:
    """Replace the settings in a message by the options of the current command."""

    def option(match: re.Match[str]) -> str:
        flag = _flags.get().get(match[1])
        return match[0] if flag is None else f"{flag} {match[2]}" if match[2] else flag

    return _SETTING.sub(option, message)


@contextmanager
def error_boundary(flags: Mapping[str, str] | None = None) -> Iterator[None]:
    """Turn errors into one line and an exit code; ``MMTOOL_DEBUG=1`` shows the traceback instead.

    Args:
        flags: The options of the command, by the names of its settings.

    Raises:
        typer.Exit: An error occurred; its message has been printed.
    """
    outer = _flags.set(_flags.get() if flags is None else flags)
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
        sys.stdout = None  # the reader of the pipe has left: Python must not try to flush at exit
        raise typer.Exit(ALL_DONE) from None
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _fail(f"{place}{error.strerror or error}", IMPOSSIBLE)
    except UnicodeEncodeError as error:
        wrong = ascii(error.object[error.start : error.end])
        _fail(
            f"a file name or text contains {wrong}, which is not a valid character; rename the file or "
            "correct the text",
            IMPOSSIBLE,
        )
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not lacks_memory(error):
            raise
        remedy = "use a smaller --batch-size" if "batch_size" in _flags.get() else "close other programs"
        _fail(f"out of memory; {remedy}", IMPOSSIBLE)
    finally:
        _flags.reset(outer)


def _fail(line: str, code: int) -> None:
    if os.environ.get("MMTOOL_DEBUG") == "1":
        raise  # the error that the caller is handling
    err.line(("error", "bold red"), f" {line}")
    raise typer.Exit(code) from None


@contextmanager
def progress_bars(*, quiet: bool) -> Iterator[Progress]:
    """Show the progress of a stage on stderr; nothing unless that is a terminal."""
    if quiet or not err.is_terminal:
        yield silent
        return
    from mmtool.cli.progress import ProgressBars

    with ProgressBars() as bars:
        yield bars


def finish(report: Report, *, as_json: bool, extra: Mapping[str, object] | None = None) -> None:
    """Print the report of a stage, and exit with code 1 if an input failed.

    Args:
        report: What the stage did.
        as_json: Print one JSON object instead of text.
        extra: Further entries of that object.
    """
    if as_json:
        print_json({"stage": report.stage} | asdict(report) | {"facts": report.facts} | dict(extra or {}))
    else:
        result_line(report)
    if report.failures:
        raise typer.Exit(SOME_FAILED)


def print_json(content: object) -> None:
    """Print one JSON value on stdout."""
    text = json.dumps(content, indent=1, ensure_ascii=False, default=str)
    escaped = re.sub("[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text)  # JSON escapes the others
    sys.stdout.write(escaped + "\n")


def result_line(report: Report) -> None:
    """Print one result line on stdout, and one line per note or failure on stderr."""
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
    """Print names and values, one pair per line."""
    width = max(map(len, facts))
    for name, value in facts.items():
        out.line((f"{name:<{width}}", "bold"), f"  {value}")


def percent(value: float) -> str:
    """A ratio as a percentage with one decimal place; a dash if it is NaN."""
    return "–" if value != value else f"{100 * value:.1f}"


def timecode(seconds: float) -> str:
    """H:MM:SS.s, rounded to a tenth of a second."""
    tenths = round(seconds * 10)
    return f"{tenths // 36000}:{tenths // 600 % 60:02}:{tenths // 10 % 60:02}.{tenths % 10}"
