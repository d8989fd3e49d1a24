"""HDF5 files of other programs, of any layout: datasets by their paths."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from mmtool.errors import InputError
from mmtool.formats.feature_checks import UntrustedFileError, dataset_in, whole
from mmtool.formats.hdf5_heaps import check_heaps

REMEDY = "store arrays of numbers, one for each film"
MOST = 1_000_000  # datasets
DEEPEST = 8  # groups in groups; links may form a circle


@contextmanager
def open_foreign_hdf5(path: Path) -> Iterator[dict[tuple[str, ...], Callable[[], Any]]]:
    """The datasets of a file by their paths, each read when it is asked for.

    A dataset of strings is a list of strings.

    Raises:
        InputError: The file is damaged, or refused because it reads from another place.
    """
    with _reported(path):
        check_heaps(path)
        file = h5py.File(path, "r")
    with file:
        with _reported(path):
            found = dict(_datasets(path, file, ()))
        yield found


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except UntrustedFileError as error:
        raise InputError(path, f"is refused, because it {error}", REMEDY) from error
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, OverflowError, MemoryError) as error:
        raise InputError(path, "is not an HDF5 file, or is damaged", REMEDY) from error


def _datasets(
    path: Path, group: h5py.Group, names: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Callable[[], Any]]]:
    if len(names) > DEEPEST:
        raise UntrustedFileError("has groups that are nested too deeply")
    for count, name in enumerate(group):
        if count > MOST:
            raise UntrustedFileError(f"has more than {MOST:,} datasets")
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise UntrustedFileError(f"takes {name!r} from another place")
        if isinstance(group[name], h5py.Group):
            yield from _datasets(path, group[name], (*names, name))
        elif isinstance(group[name], h5py.Dataset):
            yield (*names, name), partial(_read, path, dataset_in(group, name))


def _read(path: Path, dataset: h5py.Dataset) -> Any:
    with _reported(path):
        value = whole(dataset)
    if isinstance(value, np.ndarray) and value.dtype.hasobject and value.ndim == 1:
        items = [item.decode("utf-8", "replace") if isinstance(item, bytes) else item for item in value]
        if all(isinstance(item, str) for item in items):
            return items
    return value
