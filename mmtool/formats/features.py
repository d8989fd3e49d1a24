"""``features/<name>.h5``: one group per id with features (N, D) and what each row belongs to.

The group of a video contains ``intervals`` (N, 2) in seconds and, for features of pixels, ``frame_times``
(N, K); the group of a text contains ``snippets`` (M,) strings. :mod:`mmtool.formats.regions` describes how
regions are stored. The attributes of the root identify the encoders; a file of projected features also
stores the arrays of the projection, under ``@transform``. While a stage runs, each finished id is a small
file in ``features/.<name>.parts/``. They are joined at the end, so that a killed process loses at most the
id it was working on.
"""

import errno
import io
import json
import os
import shutil
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
SLACK = 4096  # bytes that HDF5 needs for itself, in addition to those of an array
REMEDY = "recreate it with `mmtool extract` or `mmtool project`"

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class FeaturesHeader:
    """What produced the features: the encoders (several if features were joined) and the projection."""

    modality: Modality
    sources: tuple[EncoderIdentity, ...]
    projection: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    region_names: RegionNames | None = None  # if regions were requested

    @property
    def name(self) -> str:
        return "+".join(source.name for source in self.sources)

    @property
    def digest(self) -> str:
        """Digest of everything that determines the numbers; versions and names are not compared."""
        return digest_json([self.modality, [asdict(source) for source in self.sources], self.projection])

    def describe(self) -> str:
        """One readable line: encoder, model, weights, settings."""
        parts = []
        for source in self.sources:
            settings = [f"{key}={value}" for key, value in sorted(source.settings.items())]
            details = ", ".join([source.model, f"weights {source.weights}", *settings])
            parts.append(f"{source.name} ({details})")
        return " + ".join(parts) + (f", projected: {self.projection}" if self.projection else "")


@dataclass(frozen=True, slots=True)
class FeatureGroup:
    """The features (N, D) of one id, and what each row belongs to: intervals (N, 2) or snippets (N,)."""

    features: NDArray[np.float32]
    intervals: NDArray[np.float64] | None = None
    snippets: Sequence[str] | None = None
    recipe: str = ""
    extras: Arrays = field(default_factory=dict)  # regions, if they were requested
    frame_times: NDArray[np.float64] | None = None  # (N, K) times of the encoded frames, in seconds


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
        # one chunk per clip, so that reading a clip does not touch the others
        target.create_dataset(
            name,
            data=array,
            chunks=(1, *array.shape[1:]),
            compression="gzip",
            compression_opts=1,
            shuffle=True,
        )


@contextmanager
def _reporting_damage(path: Path) -> Iterator[None]:
    """Turn the errors of h5py for damaged files into an InputError."""
    try:
        yield
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise InputError(path, "is not an HDF5 file, or is damaged", REMEDY) from error


class FeaturesFile:
    """An open features file, as :func:`open_features` returns it."""

    def __init__(self, path: Path, file: h5py.File) -> None:
        self.path = path
        self._file = file
        with _reporting_damage(path):
            self.header = self._read_header()

    def _read_header(self) -> FeaturesHeader:
        attrs = self._file.attrs
        if attrs.get("format") != FORMAT:
            raise InputError(self.path, "is an HDF5 file, but not one of mmtool's features", REMEDY)
        if attrs["version"] != VERSION:
            raise InputError(
                self.path,
                f"has version {attrs['version']} of the format, but this program reads {VERSION}",
                REMEDY,
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
        with _reporting_damage(self.path):
            return sorted(id for id in self._file if id not in (TRANSFORM, NAMES))

    def __contains__(self, id: str) -> bool:
        return id in self._file

    def recipe(self, id: str) -> str:
        """The digest of the recipe of an id; empty if the id is missing."""
        with _reporting_damage(self.path):
            return str(self._file[id].attrs["made"]) if id in self._file else ""

    def read(self, id: str) -> FeatureGroup:
        """Read the features of one id; raises InputError if it is missing or has non-finite features."""
        if id not in self._file:
            raise InputError(self.path, f"has no features of {id!r}", "run `mmtool extract` again")
        with _reporting_damage(self.path):
            group = self._file[id]
            snippets = group["snippets"].asstr()[:].tolist() if "snippets" in group else None
            intervals = group["intervals"][:] if "intervals" in group else None
            frame_times = group["frame_times"][:] if "frame_times" in group else None
            features = group["features"][:].astype(np.float32, copy=False)
        if not np.isfinite(features).all():
            raise InputError(
                self.path, f"the features of {id!r} are not finite", "run `mmtool extract --force`"
            )
        return FeatureGroup(features, intervals, snippets, self.recipe(id), frame_times=frame_times)

    def read_row(self, id: str, names: Sequence[str], row: int) -> dict[str, NDArray[Any]]:
        """Read the entries of one clip, without those of the others.

        Args:
            id: The video.
            names: The arrays to read; those that the file does not contain are skipped.
            row: The clip.

        Raises:
            InputError: The id is missing.
            IndexError: There is no such clip.
        """
        if id not in self._file:
            raise InputError(self.path, f"has no features of {id!r}", "run `mmtool extract` again")
        with _reporting_damage(self.path):
            arrays = {name: self._file[id][name] for name in names if name in self._file[id]}
            count = len(self._file[id]["features"])
        if not 0 <= row < count:
            raise IndexError(f"clip {row} of {count}")
        with _reporting_damage(self.path):
            return {name: array[row] for name, array in arrays.items()}

    def read_array(self, id: str, name: str) -> NDArray[Any] | None:
        """Read one array of an id as it is stored; None if it is missing."""
        with _reporting_damage(self.path):
            array: NDArray[Any] | None = self._file[id][name][()] if name in self._file[id] else None
        return array

    def transform(self) -> dict[str, NDArray[Any]]:
        """The arrays of the projection; empty for features that were not projected."""
        with _reporting_damage(self.path):
            if TRANSFORM not in self._file:
                return {}
            return {name: dataset[()] for name, dataset in self._file[TRANSFORM].items()}


@contextmanager
def open_features(path: Path) -> Iterator[FeaturesFile]:
    """Open a features file for reading.

    Raises:
        InputError: The file is missing, damaged, or not a features file.
    """
    if not path.exists():
        raise InputError(path, "no such features", "run `mmtool extract` (and `mmtool project`) first")
    with _reporting_damage(path):
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
    """Write a whole features file.

    HDF5 writes to memory, not to the disk: on a full disk it may crash the process.
    """
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        _write_file(file, header, groups, transform)
    with replacing(path) as part:
        part.write_bytes(image.getbuffer())


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
        except InputError:
            return False
