"""Features files that grow by one id after the other, and survive a kill between any two of them."""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from mmtool.errors import InputError
from mmtool.formats.atomic import replacing
from mmtool.formats.features import (
    NAMES,
    TRANSFORM,
    Arrays,
    FeatureGroup,
    FeaturesHeader,
    open_features,
    write_features,
    write_file,
)
from mmtool.formats.hdf5_damage import UnavailableError

SLACK = 4096  # bytes of HDF5's own, beside an array's


@contextmanager
def _creating(path: Path, size: int) -> Iterator[h5py.File]:
    """Open a new file for at most ``size`` bytes, after checking that the disk has room for them."""
    with replacing(path) as part:
        _require_room(part, size)
        with h5py.File(part, "w") as file:
            yield file


def _require_room(path: Path, size: int) -> None:
    """Raise OSError if the disk has no room for ``size`` bytes at ``path``."""
    if hasattr(os, "posix_fallocate"):  # also respects quotas
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)
    elif shutil.disk_usage(path.parent).free < size:  # macOS and Windows
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class FeaturesBuilder:
    """Collects the features of one id after the other; those that are complete survive a killed process."""

    def __init__(self, path: Path, header: FeaturesHeader) -> None:
        self.path = path
        self.header = header
        self.parts = path.parent / f".{path.stem}.parts"
        for part in self.parts.glob("*.h5"):
            if part.name.startswith(".") or not self._is_ours(part):  # hidden: never completed
                part.unlink()

    def has(self, id: str, recipe: str) -> bool:
        """Whether the file, or a part left by an interrupted call, contains this id with the same recipe."""
        for path in (self._part(id), self.path):
            if self._is_ours(path):
                with open_features(path) as features:
                    if features.recipe(id) == recipe:
                        return True
        return False

    def add(self, id: str, group: FeatureGroup) -> None:
        write_features(self._part(id), self.header, {id: group})

    def finish(self, transform: Arrays | None = None) -> None:
        """Join the parts with the groups of an earlier file of the same header; parts take precedence."""
        parts = {path.stem: path for path in self.parts.glob("*.h5")}
        if not parts and not self._lacks_names():
            return
        keep = self._is_ours(self.path) and self._has_transform(transform or {})
        with _creating(self.path, self._size_of(parts.values(), transform or {})) as file:
            write_file(file, self.header, {}, transform)
            if keep:
                with h5py.File(self.path, "r") as earlier:
                    for id in earlier.keys() - parts.keys() - {TRANSFORM, NAMES}:
                        earlier.copy(id, file)
            for id, path in sorted(parts.items()):
                with h5py.File(path, "r") as source:
                    source.copy(id, file)
        shutil.rmtree(self.parts, ignore_errors=True)

    def _lacks_names(self) -> bool:
        """Whether only the names of regions, which were not requested before, are missing in the file."""
        if self.header.region_names is None or not self._is_ours(self.path):
            return False
        with open_features(self.path) as features:
            return features.header.region_names != self.header.region_names

    def _size_of(self, parts: Iterable[Path], transform: Arrays) -> int:
        """An upper bound of the size of the joined file, in bytes."""
        paths = [path for path in (self.path, *parts) if path.exists()]
        arrays = sum(array.nbytes + SLACK for array in transform.values())
        return SLACK + sum(path.stat().st_size for path in paths) + arrays

    def _has_transform(self, transform: Arrays) -> bool:
        with open_features(self.path) as features:
            stored = features.transform()
        return stored.keys() == transform.keys() and all(
            np.array_equal(stored[name], transform[name]) for name in stored
        )

    def _part(self, id: str) -> Path:
        return self.parts / f"{id}.h5"

    def _is_ours(self, path: Path) -> bool:
        try:
            with open_features(path) as features:
                return features.header.digest == self.header.digest
        except UnavailableError:
            raise  # it is not to be replaced
        except InputError:
            return False
