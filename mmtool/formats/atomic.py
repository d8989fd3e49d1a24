"""Files are written whole or not at all."""

import os
import platform
import re
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from mmtool.errors import CallError

_PARTIAL = re.compile(r"\..*\.[0-9a-f]+-[0-9a-f]+-[0-9a-f]+\.part(\..*)?")
ON_WINDOWS = os.name == "nt"
PAUSES = (0.01, 0.05, 0.2, 0.5, 1.0)  # seconds between attempts to rename a file that others have open
_WRITER = re.compile(r"([0-9a-f]+)-([0-9a-f]+)-[0-9a-f]+\.part(\..*)?")
_listed: dict[Path, tuple[float, list[str]]] = {}  # until when, and names of partial files, by folder
WORTH_KEEPING = 1e-3  # seconds that listing a folder took
KEPT = 50  # times as long as it took
MOST_LISTED = 256  # folders
ABANDONED = 3600.0  # seconds without a change after which a partial file is taken for a killed writer's


@contextmanager
def replacing(path: Path, *, before_publishing: Callable[[Path], None] | None = None) -> Iterator[Path]:
    """Yield a path next to ``path`` to write to; rename it to ``path`` when the block succeeds.

    The previous file stays intact if the block fails or the process is killed. Each writer has a partial
    file of its own, so that calls at the same time do not disturb each other: the last one wins. Close the
    file before the block ends: Windows does not rename open files.

    Args:
        path: The file to write.
        before_publishing: Is called with the partial file once it is on the disk, just before it is renamed.

    Raises:
        CallError: The file could not be written.
    """
    is_partial = _PARTIAL.fullmatch(path.name) is not None  # of a caller, who publishes it
    part = path if is_partial else _partial(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        yield part
        _flush(part)
        if before_publishing is not None:
            before_publishing(part)
        if not is_partial:
            _publish(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        reason = error.strerror or str(error)
        raise CallError(f"{path}: could not be written ({reason}); the previous file is intact") from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _publish(part: Path, path: Path) -> None:
    """Rename ``part``; on Windows, wait a little for others that have one of the two files open."""
    for pause in PAUSES if ON_WINDOWS else ():
        try:
            part.replace(path)
            return
        except PermissionError:  # a reader of the previous file, or a scanner of the new one
            time.sleep(pause)
    part.replace(path)


def _partial(path: Path) -> Path:
    """A name that no other process and no other thread writes; hidden, and with the suffix of the file."""
    writer = f"{_host():x}-{os.getpid():x}-{threading.get_ident():x}"
    return path.with_name(f".{path.stem}.{writer}.part{path.suffix}")  # some writers go by the suffix


@cache
def _host() -> int:
    """A short number for this machine: process ids of other machines say nothing here."""
    return zlib.crc32(platform.node().encode())


def _remove_abandoned(path: Path) -> None:
    """Remove what killed writers of ``path`` left behind."""
    begins = f".{path.stem}."
    for name in _partial_files(path.parent):
        if not name.startswith(begins):
            continue
        found = _WRITER.fullmatch(name.removeprefix(begins))
        if found is None or (found[3] or "") != path.suffix:
            continue
        other = path.with_name(name)
        with suppress(OSError):
            is_ours = int(found[1], 16) == _host()
            is_old = time.time() - other.lstat().st_mtime > ABANDONED
            if is_old or (is_ours and _has_ended(int(found[2], 16))):
                other.unlink()


def _partial_files(folder: Path) -> list[str]:
    """The names of partial files in a folder, which is not listed again for every file that is written.

    A listing is taken for true for fifty times as long as it took, where that was more than a millisecond:
    otherwise writing 10,000 files into a folder would list 10,000 names as many times.
    """
    known, started = _listed.get(folder), time.monotonic()
    if known is not None and started < known[0]:
        return known[1]
    names = [name for name in os.listdir(folder) if _PARTIAL.fullmatch(name)]  # noqa: PTH208  only names
    took = time.monotonic() - started
    if took > WORTH_KEEPING:
        if len(_listed) >= MOST_LISTED:
            _listed.clear()
        _listed[folder] = (started + KEPT * took, names)
    return names


def _has_ended(process: int) -> bool:
    """Whether a process of this machine is known to have ended; on Windows, asking would end it."""
    if ON_WINDOWS:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # it is another user's
    return False


def _flush(path: Path) -> None:
    """Wait until the file is on the disk, so that a power cut cannot leave an empty one in its place."""
    if not path.is_symlink():  # a link's target is somebody else's file
        with path.open("rb+") as file:  # Windows does not flush files that are open for reading only
            os.fsync(file.fileno())


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="")
