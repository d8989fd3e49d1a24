"""One writer at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from mmtool.errors import CallError


@contextmanager
def sole_writer(path: Path) -> Iterator[None]:
    """Prevent other processes from writing ``path``, a file or a folder, during the block.

    The operating system releases the lock when the process ends, even if it is killed.

    Raises:
        CallError: Another process is writing ``path``, or the folder is not writable.
    """
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise CallError(
            f"{path}: another process is writing it; wait until that has finished, or choose another name"
        ) from None
    except OSError as error:
        raise CallError(f"{path}: cannot be written ({error.strerror or error})") from error
    try:
        yield
    finally:
        lock.release()
