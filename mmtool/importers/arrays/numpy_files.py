"""NumPy's files: ``.npy``, ``.npz``, and pickles of arrays, in which nothing is executed."""

import io
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from mmtool.errors import InputError
from mmtool.importers.arrays.pickled import ForeignObjectError, read_pickle
from mmtool.importers.arrays.tree import Tree, UnreadableError, tree_of

SMALL = 1 << 26  # bytes to which an entry may unpack however few it takes
RATIO = 64  # by how much compression may shrink a larger one
REMEDY = "save arrays of numbers with numpy.save or numpy.savez"
_PICKLE = b"\x80"  # how a pickle begins since its version 2


def read_npy(path: Path) -> Tree:
    """The array of a file, or what the dictionary in it holds; raises InputError."""
    try:
        with path.open("rb") as file:
            if file.peek(1)[:1] == _PICKLE:
                return tree_of(read_pickle(file.read()))
            if _holds_objects(file):
                return tree_of(read_pickle(file.read()))
        return tree_of(np.load(path, mmap_mode="r", allow_pickle=False))
    except ForeignObjectError as error:
        raise InputError(path, f"holds {error}, which is not read, lest it be executed", REMEDY) from error
    except UnreadableError as error:
        raise InputError(path, str(error), REMEDY) from error
    except (ValueError, EOFError, MemoryError, OverflowError) as error:
        raise InputError(path, "is not a NumPy file, or is damaged", REMEDY) from error


def _holds_objects(file: BinaryIO) -> bool:
    """Whether the array after the header is pickled; the file is left at its start."""
    version = npy.read_magic(file)
    read: Any = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    _, _, dtype = read(file)
    return bool(dtype.hasobject)


def read_npz(path: Path) -> Tree:
    """The arrays of an archive by their names, each read when it is asked for; raises InputError."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, EOFError, ValueError) as error:
        raise InputError(path, "is not a NumPy archive, or is damaged", REMEDY) from error
    for entry in entries:
        if entry.file_size > max(SMALL, RATIO * entry.compress_size):
            problem = f"is refused, because {entry.filename!r} unpacks to {entry.file_size:,} bytes"
            raise InputError(path, problem, REMEDY)
    found: dict[tuple[str, ...], Callable[[], Any]] = {}
    for entry in entries:
        if entry.filename.endswith(".npy"):
            name = tuple(entry.filename.removesuffix(".npy").split("/"))
            found[name] = partial(_member, path, entry.filename)
    return found


def _member(path: Path, name: str) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            file = io.BytesIO(archive.read(name))
        if _holds_objects(file):
            return read_pickle(file.read())
        file.seek(0)
        return npy.read_array(file, allow_pickle=False)
    except ForeignObjectError as error:
        raise UnreadableError(f"holds {error}, which is not read, lest it be executed") from error
    except (zipfile.BadZipFile, ValueError, EOFError, MemoryError, OverflowError, OSError) as error:
        raise InputError(path, f"{name!r} is damaged", REMEDY) from error
