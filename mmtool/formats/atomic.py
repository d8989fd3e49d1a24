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
    name = re.compile(
        rf"\.{re.escape(path.stem)}\.([0-9a-f]+)-([0-9a-f]+)-[0-9a-f]+\.part{re.escape(path.suffix)}"
    )
    for other in path.parent.glob(f".{_escaped(path.stem)}.*.part{_escaped(path.suffix)}"):
        found = name.fullmatch(other.name)
        if found is None:
            continue
        with suppress(OSError):
            is_ours = int(found[1], 16) == _host()
            is_old = time.time() - other.lstat().st_mtime > ABANDONED
            if is_old or (is_ours and _has_ended(int(found[2], 16))):
                other.unlink()


def _has_ended(process: int) -> bool:
    """Whether a process of this machine is known to have ended; on Windows, asking would end it."""
    if os.name != "posix":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # it is another user's
    return False


def _escaped(text: str) -> str:
    """``text`` as a pattern of glob that matches only itself."""
    return re.sub(r"([*?[])", r"[\1]", text)


def _flush(path: Path) -> None:
    """Wait until the file is on the disk, so that a power cut cannot leave an empty one in its place."""
    if not path.is_symlink():  # a link's target is somebody else's file
        with path.open("rb+") as file:  # Windows does not flush files that are open for reading only
            os.fsync(file.fileno())


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="")
