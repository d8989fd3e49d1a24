"""What people see: progress, result lines, tables, and the one place where errors become exit codes."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from types import TracebackType
from typing import Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress
from rich.table import Table
from rich.text import Text

from mmtool.cli.interrupts import INTERRUPTED, LINE
from mmtool.errors import MmtoolError
from mmtool.records import StageReport

PIPE_WIDTH = 160  # of tables that no terminal shows

out = Console(highlight=False, emoji=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPE_WIDTH)
err = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)

ALL_DONE, SOME_FAILED, IMPOSSIBLE = 0, 1, 2


@contextmanager
def error_boundary() -> Iterator[None]:
    """Turn errors meant for the user into one line and an exit code; never a traceback.

    ``MMTOOL_DEBUG=1`` shows the traceback instead.
    """
    try:
        yield
    except MmtoolError as error:
        _fail(str(error), IMPOSSIBLE)
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
    err.print(f"[bold red]error[/] {escape(line)}")
    raise typer.Exit(code) from None


class _RateColumn(ProgressColumn):
    """Units a second, and how many times faster than the film plays."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        per_second = task.fields.get("per_second")
        digits = 0 if speed >= 100 else 1
        real_time = f", {speed / per_second:,.0f}× real time" if per_second else ""
        return Text(f"{speed:,.{digits}f} {task.fields['unit']}/s{real_time}", style="cyan")


class ProgressBars:
    """Shows a stage's progress on stderr; silent where that is no terminal."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._bars = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=16),
            MofNCompleteColumn(),
            _RateColumn(),
            TimeRemainingColumn(compact=True),
            console=err,
            transient=True,
            disable=quiet or not err.is_terminal,
        )
        self._task: Any = None
        self._name = ""

    def __enter__(self) -> "ProgressBars":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def __call__(
        self, task: str, done: int, total: int | None, unit: str, per_second: float | None = None
    ) -> None:
        """One bar at a time: a new name replaces the bar before it."""
        if task != self._name:
            if self._task is not None:
                self._bars.remove_task(self._task)
            self._task, self._name = self._bars.add_task(escape(task), total=total, unit=unit), task
        self._bars.update(self._task, completed=done, total=total, per_second=per_second)


def say(line: str) -> None:
    """Print one line that says what is going on, to stderr."""
    err.print(line)


def finish(report: StageReport, *, as_json: bool, extra: Mapping[str, object] | None = None) -> None:
    """Print what a stage did and leave with the right exit code."""
    if as_json:
        print_json(asdict(report) | dict(extra or {}))
    else:
        result_line(report)
    if report.failures:
        raise typer.Exit(SOME_FAILED)


def print_json(content: object) -> None:
    """Print one JSON value on stdout."""
    sys.stdout.write(json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n")


def result_line(report: StageReport) -> None:
    """One line of result on stdout; notes and failures, a line each, on stderr."""
    counts = [f"{len(report.done)} done"]
    if report.unchanged:
        counts.append(f"{len(report.unchanged)} unchanged")
    if report.failures:
        counts.append(f"[bold red]{len(report.failures)} failed[/]")
    facts = [f"{name} {_number(value)}" for name, value in report.facts.items()]
    out.print(
        f"[bold green]{report.stage}[/]  {', '.join(counts)}" + (f" · {' · '.join(facts)}" if facts else "")
    )
    for note in report.notes:
        err.print(f"[yellow]note[/] {escape(note)}")
    for failure in report.failures:
        err.print(f"[bold red]failed[/] {escape(failure.reason)}")


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else escape(str(value))


def show_facts(facts: Mapping[str, object]) -> None:
    """Print names and values, a line each."""
    width = max(map(len, facts))
    for name, value in facts.items():
        out.print(f"[bold]{escape(name):<{width}}[/]  {escape(str(value))}")


def percent(value: float) -> str:
    """A share as a percentage with one decimal; a dash where it is undefined."""
    return "–" if value != value else f"{100 * value:.1f}"


def timecode(seconds: float) -> str:
    """H:MM:SS.s, rounded to a tenth of a second."""
    tenths = round(seconds * 10)
    return f"{tenths // 36000}:{tenths // 600 % 60:02}:{tenths // 10 % 60:02}.{tenths % 10}"


def run_stage(stage: Callable[[ProgressBars], StageReport], *, as_json: bool) -> None:
    """Run a stage under progress bars and print its report."""
    with error_boundary():
        with ProgressBars(quiet=as_json) as bars:
            report = stage(bars)
        finish(report, as_json=as_json)


def rows_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> Table:
    """A table whose first column is text and whose others are numbers."""
    table = Table(
        title=title or None, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False
    )
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left", overflow="fold")  # no digit is lost
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    return table
