"""``features/<name>.h5``: a group per id with features (N, D) and what they belong to.

A video group holds ``intervals`` (N, 2) in seconds and, of pixels, ``frame_times`` (N, K), a text group
``snippets`` (M,) strings; :mod:`mmtool.formats.regions` says how regions are kept. The root attributes
say who made the features; a file of projected features also holds the arrays that made it, under
``@transform``. While a stage works, each finished id is a small file in ``features/.<name>.parts/``; they
become one file at the end, so that a kill loses one video at most.
"""

import io
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from mmtool.choices import Modality
from mmtool.errors import InputError
from mmtool.formats.atomic import replacing
from mmtool.formats.digests import digest_json
from mmtool.records import EncoderIdentity, RegionNames

FORMAT = "mmtool-features"
VERSION = 1
TRANSFORM = "@transform"
NAMES = "@region-names"
SLACK = 4096  # bytes of HDF5's own, beside an array's
REMEDY = "make it again with `mmtool extract` or `mmtool project`"

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class FeaturesHeader:
    """Who made the features: the encoders (several where features were joined), and a projection's name."""

    modality: Modality
    sources: tuple[EncoderIdentity, ...]
    projection: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    region_names: RegionNames | None = None  # where they were asked for

    @property
    def name(self) -> str:
        return "+".join(source.name for source in self.sources)

    @property
    def digest(self) -> str:
        """Of everything that determines the numbers; versions and names are recorded but not compared."""
        return digest_json([self.modality, [asdict(source) for source in self.sources], self.projection])

    def describe(self) -> str:
        """One line for people: encoder, model, weights, settings."""
        parts = []
        for source in self.sources:
            settings = [f"{key}={value}" for key, value in sorted(source.settings.items())]
            details = ", ".join([source.model, f"weights {source.weights}", *settings])
            parts.append(f"{source.name} ({details})")
        return " + ".join(parts) + (f", projected: {self.projection}" if self.projection else "")


@dataclass(frozen=True, slots=True)
class FeatureGroup:
    """The features (N, D) of one id and what each row belongs to: intervals (N, 2) or snippets (N)."""

    features: NDArray[np.float32]
    intervals: NDArray[np.float64] | None = None
    snippets: Sequence[str] | None = None
    recipe: str = ""
    extras: Arrays = field(default_factory=dict)  # regions, where they were asked for
    frame_times: NDArray[np.float64] | None = None  # (N, K) seconds of the frames that were looked at


def _write_header(file: h5py.File, header: FeaturesHeader) -> None:
    file.attrs["format"] = FORMAT
    file.attrs["version"] = VERSION
    file.attrs["modality"] = str(header.modality)
    file.attrs["encoder"] = header.name
    file.attrs["sources"] = json.dumps([asdict(source) for source in header.sources], sort_keys=True)
    file.attrs["projection"] = header.projection
    file.attrs["versions"] = json.dumps(dict(header.versions), sort_keys=True)
    if header.region_names is not None:
        for name, values in asdict(header.region_names).items():
            file.require_group(NAMES).create_dataset(name, data=list(values), dtype=h5py.string_dtype())


def _write_group(file: h5py.File, id: str, group: FeatureGroup) -> None:
    target = file.create_group(id)
    target.attrs["made"] = group.recipe
    target.create_dataset("features", data=group.features.astype(np.float32, copy=False))
    if group.intervals is not None:
        target.create_dataset("intervals", data=group.intervals.astype(np.float64, copy=False))
    if group.frame_times is not None:
        target.create_dataset("frame_times", data=group.frame_times.astype(np.float64, copy=False))
    if group.snippets is not None:
        target.create_dataset("snippets", data=list(group.snippets), dtype=h5py.string_dtype())
    for name, array in group.extras.items():
        # one clip a chunk: reading a clip's regions does not touch the others
        target.create_dataset(
            name,
            data=array,
            chunks=(1, *array.shape[1:]),
            compression="gzip",
            compression_opts=1,
            shuffle=True,
        )


@contextmanager
def _saying_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise InputError(path, "is not an HDF5 file of features, or a damaged one", REMEDY) from error


class FeaturesFile:
    """An open features file; use :func:`open_features`."""

    def __init__(self, path: Path, file: h5py.File) -> None:
        self.path = path
        self._file = file
        with _saying_damage(path):
            self.header = self._read_header()

    def _read_header(self) -> FeaturesHeader:
        attrs = self._file.attrs
        if attrs.get("format") != FORMAT:
            raise InputError(self.path, "is an HDF5 file, but not one of mmtool's features", REMEDY)
        if attrs["version"] != VERSION:
            raise InputError(
                self.path, f"has features version {attrs['version']}, this program reads {VERSION}", REMEDY
            )
        sources = tuple(EncoderIdentity(**source) for source in json.loads(attrs["sources"]))
        names = None
        if NAMES in self._file:
            stored = {name: tuple(values.asstr()[:].tolist()) for name, values in self._file[NAMES].items()}
            names = RegionNames(**stored)
        return FeaturesHeader(
            Modality(attrs["modality"]), sources, attrs["projection"], json.loads(attrs["versions"]), names
        )

    def ids(self) -> list[str]:
        with _saying_damage(self.path):
            return sorted(id for id in self._file if id not in (TRANSFORM, NAMES))

    def __contains__(self, id: str) -> bool:
        return id in self._file

    def recipe(self, id: str) -> str:
        """The recipe digest under which the id was made; empty where the id is missing."""
        with _saying_damage(self.path):
            return str(self._file[id].attrs["made"]) if id in self._file else ""

    def read(self, id: str) -> FeatureGroup:
        """One id's features; raises InputError where the id is missing."""
        if id not in self._file:
            raise InputError(self.path, f"has no features of {id!r}", "run `mmtool extract` again")
        with _saying_damage(self.path):
            group = self._file[id]
            snippets = group["snippets"].asstr()[:].tolist() if "snippets" in group else None
            intervals = group["intervals"][:] if "intervals" in group else None
            frame_times = group["frame_times"][:] if "frame_times" in group else None
            features = group["features"][:].astype(np.float32, copy=False)
        if not np.isfinite(features).all():
            raise InputError(
                self.path, f"the features of {id!r} are not finite", "extract them again with --force"
            )
        return FeatureGroup(features, intervals, snippets, self.recipe(id), frame_times=frame_times)

    def read_row(self, id: str, names: Sequence[str], row: int) -> dict[str, NDArray[Any]]:
        """One clip's entries of those of the arrays that are there; nothing of the other clips is read.

        Raises InputError where the id is missing, IndexError where the clip is.
        """
        if id not in self._file:
            raise InputError(self.path, f"has no features of {id!r}", "run `mmtool extract` again")
        with _saying_damage(self.path):
            arrays = {name: self._file[id][name] for name in names if name in self._file[id]}
            count = len(self._file[id]["features"])
        if not 0 <= row < count:
            raise IndexError(f"clip {row} of {count}")
        with _saying_damage(self.path):
            return {name: array[row] for name, array in arrays.items()}

    def read_array(self, id: str, name: str) -> NDArray[Any] | None:
        """One of an id's arrays as it is stored; None where it is not there."""
        with _saying_damage(self.path):
            array: NDArray[Any] | None = self._file[id][name][()] if name in self._file[id] else None
        return array

    def transform(self) -> dict[str, NDArray[Any]]:
        """The arrays of the projection that made this file; empty for an encoder's own features."""
        with _saying_damage(self.path):
            if TRANSFORM not in self._file:
                return {}
            return {name: dataset[()] for name, dataset in self._file[TRANSFORM].items()}


@contextmanager
def open_features(path: Path) -> Iterator[FeaturesFile]:
    """Open a features file for reading; raises InputError for a missing, corrupt or foreign one."""
    if not path.exists():
        raise InputError(path, "no such features", "run `mmtool extract` (and `mmtool project`) first")
    with _saying_damage(path):
        file = h5py.File(path, "r")
    with file:
        yield FeaturesFile(path, file)


def _write_file(
    file: h5py.File, header: FeaturesHeader, groups: Mapping[str, FeatureGroup], transform: Arrays | None
) -> None:
    _write_header(file, header)
    for id, group in groups.items():
        _write_group(file, id, group)
    for name, array in (transform or {}).items():
        file.require_group(TRANSFORM).create_dataset(name, data=array)


def write_features(
    path: Path, header: FeaturesHeader, groups: Mapping[str, FeatureGroup], transform: Arrays | None = None
) -> None:
    """Write a whole features file from memory.

    HDF5 itself writes to memory only: on a full disk it may crash the process.
    """
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        _write_file(file, header, groups, transform)
    with replacing(path) as part:
        part.write_bytes(image.getbuffer())


@contextmanager
def _creating(path: Path, size: int) -> Iterator[h5py.File]:
    """Open a new file for at most ``size`` bytes, once the disk has shown that it has them."""
    with replacing(path) as part:
        if sys.platform != "darwin":  # which has no such call
            with part.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, size)
        with h5py.File(part, "w") as file:
            yield file


class FeaturesBuilder:
    """Collects one id after the other and survives a kill between any two of them."""

    def __init__(self, path: Path, header: FeaturesHeader) -> None:
        self.path = path
        self.header = header
        self.parts = path.parent / f".{path.stem}.parts"
        for part in self.parts.glob("*.h5"):
            if part.name.startswith(".") or not self._is_ours(part):  # a hidden one was never renamed
                part.unlink()

    def has(self, id: str, recipe: str) -> bool:
        """Whether the file, or a part of an interrupted call, holds this id from the same recipe."""
        for path in (self._part(id), self.path):
            if self._is_ours(path):
                with open_features(path) as features:
                    if features.recipe(id) == recipe:
                        return True
        return False

    def add(self, id: str, group: FeatureGroup) -> None:
        write_features(self._part(id), self.header, {id: group})

    def finish(self, transform: Arrays | None = None) -> None:
        """Join the parts with the earlier groups of the same header; parts win."""
        parts = {path.stem: path for path in self.parts.glob("*.h5")}
        if not parts and not self._lacks_names():
            return
        keep = self._is_ours(self.path) and self._has_transform(transform or {})
        with _creating(self.path, self._size_of(parts.values(), transform or {})) as file:
            _write_file(file, self.header, {}, transform)
            if keep:
                with h5py.File(self.path, "r") as earlier:
                    for id in earlier.keys() - parts.keys() - {TRANSFORM, NAMES}:
                        earlier.copy(id, file)
            for id, path in sorted(parts.items()):
                with h5py.File(path, "r") as source:
                    source.copy(id, file)
        shutil.rmtree(self.parts, ignore_errors=True)

    def _lacks_names(self) -> bool:
        """Whether the file is ours but for names that are asked for only now."""
        if self.header.region_names is None or not self._is_ours(self.path):
            return False
        with open_features(self.path) as features:
            return features.header.region_names != self.header.region_names

    def _size_of(self, parts: Iterable[Path], transform: Arrays) -> int:
        """An upper bound of the joined file's bytes."""
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
        except InputError:
            return False
