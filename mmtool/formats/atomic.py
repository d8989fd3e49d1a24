"""Files are written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mmtool.errors import CallError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path next to ``path`` to write to; rename it to ``path`` when the block succeeds.

    The previous file stays intact if the block fails or the process is killed. Close the file before the
    block ends: Windows does not rename open files.

    Raises:
        CallError: The file could not be written.
    """
    part = path.with_name(f".{path.stem}.part{path.suffix}")  # some writers go by the suffix
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        _flush(part)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        reason = error.strerror or str(error)
        raise CallError(f"{path}: could not be written ({reason}); the previous file is intact") from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _flush(path: Path) -> None:
    """Wait until the file is on the disk, so that a power cut cannot leave an empty one in its place."""
    if not path.is_symlink():  # a link's target is somebody else's file
        with path.open("rb+") as file:  # Windows does not flush files that are open for reading only
            os.fsync(file.fileno())


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="")
