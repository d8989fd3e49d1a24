"""``runs/<run>/events/``: the epochs of a training, in the format of TensorBoard."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.record_writer import RecordWriter
from tensorboardX.summary import histogram, scalar

from mmtool.errors import CallError

BUCKETS = 30  # bins of a histogram over the dimensions of a stack


class EventLog:
    """Appends epochs to one event file: numbers as scalars, lists of numbers as histograms.

    ``metrics.jsonl`` remains the authoritative history. The first epoch of every call replaces all earlier
    event files by one with the ``earlier`` epochs, so that after an interruption no epoch is missing or
    occurs twice. tensorboardX's own thread is not used, because it would wait forever on a full disk.
    """

    def __init__(self, folder: Path, earlier: Sequence[Mapping[str, Any]]) -> None:
        self.folder = folder
        self._earlier = list(earlier)
        self._writer: RecordWriter | None = None

    def append(self, epoch: Mapping[str, Any]) -> None:
        """Append one epoch; raises CallError if it cannot be written."""
        with self._reporting_problems():
            if self._writer is None:
                self._writer = self._start()
            self._writer.write(_event(epoch).SerializeToString())
            self._writer.flush()

    def close(self) -> None:
        """Close the file: Windows does not delete open ones when the run continues."""
        if self._writer is not None:
            self._writer.close()

    def _start(self) -> RecordWriter:
        """Start a file with the earlier epochs, and delete all files before it.

        The file has its final name from the start: Windows does not rename open files.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        before = [path for path in self.folder.iterdir() if "tfevents" in path.name]
        number = time.time_ns()  # which advances in steps of milliseconds on some systems
        while (file := self.folder / f"events.out.tfevents.{number}") in before:
            number += 1
        writer = RecordWriter(str(file))
        restart = SessionLog(status=SessionLog.SessionStatus.START)  # a running TensorBoard then restarts
        events = [
            Event(wall_time=time.time(), file_version="brain.Event:2"),
            Event(wall_time=time.time(), step=0, session_log=restart),
            *map(_event, self._earlier),
        ]
        for event in events:
            writer.write(event.SerializeToString())
        writer.flush()
        for path in before:
            with suppress(PermissionError):  # on Windows, TensorBoard may have it open
                path.unlink()
        return writer

    @contextmanager
    def _reporting_problems(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CallError(
                f"{self.folder}: could not be written ({error.strerror or error}); "
                "make room and run the command again"
            ) from error


def _event(epoch: Mapping[str, Any]) -> Event:
    values = [value for name, content in epoch.items() for value in _values(name, content)]
    return Event(wall_time=time.time(), step=epoch["epoch"], summary=Summary(value=values))


def _values(name: str, content: object) -> Iterator[Any]:
    """The summaries of one entry of an epoch; nested entries are named ``outer/inner``."""
    if isinstance(content, Mapping):
        for inner, value in content.items():
            yield from _values(f"{name}/{inner}", value)
    elif isinstance(content, list):
        known = [value for value in content if value is not None and math.isfinite(value)]
        if known:
            yield from histogram(name, np.array(known), bins=BUCKETS).value
    elif isinstance(content, int | float) and name != "epoch":
        yield from scalar(name, content).value
