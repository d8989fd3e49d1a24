"""Damage of HDF5's global heaps, in which strings of any length are stored, found before HDF5 reads them.

HDF5 (2.0 at least) walks over the objects of a heap by their sizes. Where a damaged size is 0, it never
reaches the end of the heap, and neither a timeout nor Ctrl-C ends it. The layout is that of section III.E
of the HDF5 File Format Specification, version 3.0.
"""

import os
import struct
from functools import lru_cache
from io import FileIO
from pathlib import Path

SIGNATURE = b"\x89HDF\r\n\x1a\n"
HEAP = b"GCOL\x01\0\0\0"  # a signature, a version, and reserved bytes
HEAD = struct.Struct("<HHIQ")  # index, references, reserved, size; index 0 is what is free
PIECE = 1 << 20  # bytes read at a time
WIDTHS_AT = {0: 13, 1: 13, 2: 9, 3: 9}  # where a superblock of each version tells the sizes of its numbers


def check_heaps(path: Path) -> None:
    """Raise ValueError for a heap that HDF5 would not reach the end of; a file is read once as it is."""
    stat = path.stat()
    _check(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=1024)
def _check(path: Path, *_: int) -> None:
    with path.open("rb", buffering=0) as file:
        start = file.read(16)
        if not start.startswith(SIGNATURE) or len(start) < 16:
            raise ValueError("not an HDF5 file")
        at = WIDTHS_AT.get(start[8])
        if at is None or start[at : at + 2] != b"\x08\x08":
            raise ValueError("a superblock that this program does not read")
        for offset in _places(file):
            _check_heap(file, offset)


def _places(file: FileIO) -> list[int]:
    """Where heaps begin."""
    found, offset, before = [], 0, b""
    file.seek(0)
    while piece := file.read(PIECE):
        text, base = before + piece, offset - len(before)
        at = text.find(HEAP)
        while at >= 0:
            found.append(base + at)
            at = text.find(HEAP, at + 1)
        before, offset = text[-len(HEAP) + 1 :], offset + len(piece)
    return found


def _check_heap(file: FileIO, offset: int) -> None:
    file.seek(offset)
    length = int.from_bytes(file.read(16)[8:], "little")
    if length > file.seek(0, os.SEEK_END) - offset:
        raise ValueError("a heap that is longer than its file")
    file.seek(offset)
    heap, at = file.read(length), 16
    while at + HEAD.size <= length:
        index, _, _, size = HEAD.unpack_from(heap, at)
        step = HEAD.size + (size + 7) // 8 * 8 if index else size
        if not 0 < step <= length - at:
            raise ValueError("a heap whose objects do not fill it")
        at += step
