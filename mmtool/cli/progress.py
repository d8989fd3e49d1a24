"""Progress of a stage as a bar, with rate and time left."""

from types import TracebackType
from typing import Any

from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from mmtool.cli.console import err


class _RateColumn(ProgressColumn):
    """Units per second, and how many times faster than the film plays."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        per_second = task.fields.get("per_second")
        digits = 0 if speed >= 100 else 1
        real_time = f", {speed / per_second:,.0f}× real time" if per_second else ""
        return Text(f"{speed:,.{digits}f} {task.fields['unit']}/s{real_time}", style="cyan")


class ProgressBars:
    """Shows progress on stderr, one bar at a time."""

    def __init__(self) -> None:
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=16),
            MofNCompleteColumn(),
            _RateColumn(),
            TimeRemainingColumn(compact=True),
            console=err.rich,
            transient=True,
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
        """Update the bar; a new task replaces that of the previous one."""
        if task != self._name:
            if self._task is not None:
                self._bars.remove_task(self._task)
            self._task, self._name = self._bars.add_task(escape(task), total=total, unit=unit), task
        self._bars.update(self._task, completed=done, total=total, per_second=per_second)
