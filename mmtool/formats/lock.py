"""One writer at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from mmtool.errors import CallError


@contextmanager
def sole_writer(path: Path) -> Iterator[None]:
    """Keep other calls from writing ``path`` within the block; raises CallError where one is at it.

    The system lets go of the lock when the process ends, however it does.
    """
    lock = FileLock(path.with_name(f".{path.stem}.lock"), timeout=0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise CallError(f"{path}: another call is writing it; wait for it, or write another file") from None
    except OSError as error:
        raise CallError(f"{path}: cannot be written ({error.strerror or error})") from error
    try:
        yield
    finally:
        lock.release()
