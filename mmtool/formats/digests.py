"""Digests of content: a stage compares them to find out whether its inputs have changed."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

PROBE = 1 << 20  # bytes sampled at the start, in the middle and at the end of a file
SAMPLED = 3 * PROBE  # bytes of the largest file that the samples cover


def digest_json(value: object) -> str:
    """Digest of a JSON value, independent of the order of keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest_file(path: Path) -> str:
    """Digest of a whole file; use :func:`fingerprint` for large ones."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def fingerprint(path: Path) -> str:
    """Digest of a file of any size, read piece by piece; an edit anywhere changes it."""
    status = path.stat()
    if status.st_size <= SAMPLED:
        return sampled_fingerprint(path)  # which reads all of it
    return _digest_whole(path.absolute(), status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@lru_cache(maxsize=64)
def _digest_whole(path: Path, *_times: int) -> str:
    """Digest of a large file; a process reads it once as long as its times are the same."""
    with path.open("rb") as file:
        return "whole:" + hashlib.file_digest(file, "sha256").hexdigest()[:16]


def sampled_fingerprint(path: Path) -> str:
    """Digest of the size of a file and of three samples, which earlier versions recorded for large files."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for offset in (0, max(0, size // 2 - PROBE // 2), max(0, size - PROBE)):
            file.seek(offset)
            digest.update(file.read(PROBE))
    return digest.hexdigest()[:16]
