"""``features/<name>.h5``: one group per id with features (N, D) and what each row belongs to.

The group of a video contains ``intervals`` (N, 2) in seconds and, for features of pixels, ``frame_times``
(N, K); the group of a text contains ``snippets`` (M,) strings. :mod:`mmtool.formats.regions` describes how
regions are stored. The attributes of the root identify the encoders; a file of projected features also
stores the arrays of the projection, under ``@transform``. While a stage runs, each finished id is a small
file in ``features/.<name>.parts/``. They are joined at the end, so that a killed process loses at most the
id it was working on.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
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
from mmtool.formats.feature_checks import (
    DIGEST,
    PROTECTED,
    check_shapes,
    dataset_in,
    digest_of,
    group_in,
    text_attribute,
    whole,
)
from mmtool.formats.foreign_files import FETCH, IMPORT, foreign_beside, foreign_kind, is_pointer
from mmtool.formats.hdf5_damage import reporting_damage
from mmtool.formats.hdf5_heaps import check_heaps
from mmtool.formats.identities import parse_identities
from mmtool.formats.transforms import checked_transform
from mmtool.records import EncoderIdentity, RegionNames

FORMAT = "mmtool-features"
VERSION = 1
TRANSFORM = "@transform"
NAMES = "@region-names"
REGIONS_DIGEST = "regions_digest"
DEVICE = "device"
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
    """The features (N, D) of one id, and what each row belongs to: intervals (N, 2) or snippets (N,).

    ``device`` is what computed them, such as ``cpu`` or ``cuda (NVIDIA H200)``; empty if it is not recorded.
    """

    features: NDArray[np.float32]
    intervals: NDArray[np.float64] | None = None
    snippets: Sequence[str] | None = None
    recipe: str = ""
    extras: Arrays = field(default_factory=dict)  # regions, if they were requested; what was heard
    frame_times: NDArray[np.float64] | None = None  # (N, K) times of the encoded frames, in seconds
    device: str = ""

    def digest(self) -> str:
        """A digest of all that is read together, as it is stored; regions and the device are not part."""
        kinds = {"features": np.float32, "intervals": np.float64, "frame_times": np.float64}
        arrays = {name: getattr(self, name) for name in kinds}
        stored = [
            (name, None if array is None else array.astype(kinds[name], copy=False))
            for name, array in arrays.items()
        ]
        return digest_of([*stored, ("snippets", self.snippets)])


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
    if group.device:
        target.attrs[DEVICE] = group.device
    target.create_dataset("features", data=group.features.astype(np.float32, copy=False))
    if group.intervals is not None:
        target.create_dataset("intervals", data=group.intervals.astype(np.float64, copy=False))
    if group.frame_times is not None:
        target.create_dataset("frame_times", data=group.frame_times.astype(np.float64, copy=False))
    if group.snippets is not None:
        target.create_dataset("snippets", data=list(group.snippets), dtype=h5py.string_dtype())
    target.attrs[DIGEST] = group.digest()
    if group.extras:
        target.attrs[REGIONS_DIGEST] = digest_of(sorted(group.extras.items()))
    for name, array in group.extras.items():
        if array.ndim == 1:
            target.create_dataset(name, data=array)
            continue
        # one chunk per clip, so that reading a clip does not touch the others
        target.create_dataset(
            name,
            data=array,
            chunks=(1, *array.shape[1:]),
            compression="gzip",
            compression_opts=1,
            shuffle=True,
        )


def _versions(text: str) -> dict[str, str]:
    return {str(name): str(version) for name, version in dict(json.loads(text)).items()}


class FeaturesFile:
    """An open features file, as :func:`open_features` returns it."""

    def __init__(self, path: Path, file: h5py.File) -> None:
        self.path = path
        self._file = file
        with reporting_damage(path, REMEDY):
            self.header = self._read_header()

    def _read_header(self) -> FeaturesHeader:
        attrs = self._file.attrs
        if not isinstance(attrs.get("format"), str) or attrs["format"] != FORMAT:
            raise InputError(self.path, "is an HDF5 file, but not one of mmtool's features", IMPORT)
        if attrs["version"] != VERSION:
            raise InputError(
                self.path, f"has features version {attrs['version']}, this program reads {VERSION}", REMEDY
            )
        sources = parse_identities(text_attribute(attrs, "sources"))
        names = None
        if NAMES in self._file:
            group = group_in(self._file, NAMES)
            stored = {name: tuple(whole(dataset_in(group, name)).astype(str).tolist()) for name in group}
            names = RegionNames(**stored)
        return FeaturesHeader(
            Modality(text_attribute(attrs, "modality")),
            sources,
            text_attribute(attrs, "projection"),
            _versions(text_attribute(attrs, "versions")),
            names,
        )

    def ids(self) -> list[str]:
        with reporting_damage(self.path, REMEDY):
            return sorted(id for id in self._file if id not in (TRANSFORM, NAMES))

    def __contains__(self, id: str) -> bool:
        return id in self._file

    def recipe(self, id: str) -> str:
        """The digest of the recipe of an id; empty if the id is missing."""
        with reporting_damage(self.path, REMEDY):
            return str(group_in(self._file, id).attrs["made"]) if id in self._file else ""

    def read(self, id: str) -> FeatureGroup:
        """Read the features of one id; raises InputError if it is missing or has non-finite features."""
        if id not in self._file:
            raise InputError(self.path, f"has no features of {id!r}", "run `mmtool extract` again")
        with reporting_damage(self.path, REMEDY):
            group = group_in(self._file, id)
            arrays = {name: whole(dataset_in(group, name)) for name in PROTECTED if name in group}
            snippets = [text.decode() for text in arrays["snippets"]] if "snippets" in arrays else None
            intervals, frame_times = arrays.get("intervals"), arrays.get("frame_times")
            check_shapes(arrays["features"], intervals, snippets, frame_times)
            features = arrays["features"].astype(np.float32, copy=False)
            device = text_attribute(group.attrs, DEVICE) if DEVICE in group.attrs else ""
            found = FeatureGroup(
                features, intervals, snippets, self.recipe(id), frame_times=frame_times, device=device
            )
            stored = group.attrs.get(DIGEST)
        if stored is not None and not (isinstance(stored, str) and stored == found.digest()):
            raise InputError(self.path, f"the features of {id!r} are damaged (wrong checksum)", REMEDY)
        if not np.isfinite(features).all():
            raise InputError(
                self.path, f"the features of {id!r} are not finite", "run `mmtool extract --force`"
            )
        return found

    def shape(self, id: str) -> tuple[int, int]:
        """The numbers of rows and of dimensions of an id, without reading them."""
        with reporting_damage(self.path, REMEDY):
            rows, dimensions = dataset_in(group_in(self._file, id), "features").shape
        return int(rows), int(dimensions)

    def has_checksum(self, id: str) -> bool:
        """Whether the features of an id carry a checksum; those of early versions do not."""
        with reporting_damage(self.path, REMEDY):
            return DIGEST in group_in(self._file, id).attrs

    def verify_regions(self, id: str) -> None:
        """Raise InputError if the stored regions of an id are damaged; those without a checksum pass."""
        with reporting_damage(self.path, REMEDY):
            group = group_in(self._file, id)
            stored = group.attrs.get(REGIONS_DIGEST)
            if stored is None:
                return
            names = sorted(name for name in group if name not in PROTECTED)
            found = digest_of((name, dataset_in(group, name)[()]) for name in names)
        if not (isinstance(stored, str) and found == stored):
            raise InputError(self.path, f"the regions of {id!r} are damaged (wrong checksum)", REMEDY)

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
        with reporting_damage(self.path, REMEDY):
            group = group_in(self._file, id)
            arrays = {name: dataset_in(group, name) for name in names if name in group}
            count = len(dataset_in(group, "features"))
        if not 0 <= row < count:
            raise IndexError(f"clip {row} of {count}")
        with reporting_damage(self.path, REMEDY):
            return {name: array[row] for name, array in arrays.items()}

    def read_array(self, id: str, name: str) -> NDArray[Any] | None:
        """Read one array of an id as it is stored; None if it is missing."""
        with reporting_damage(self.path, REMEDY):
            group = group_in(self._file, id)
            array: NDArray[Any] | None = dataset_in(group, name)[()] if name in group else None
        return array

    def array_shape(self, id: str, name: str) -> tuple[int, ...] | None:
        """The shape of one array of an id; None if it is missing."""
        with reporting_damage(self.path, REMEDY):
            group = group_in(self._file, id)
            return tuple(map(int, dataset_in(group, name).shape)) if name in group else None

    def transform(self) -> dict[str, NDArray[Any]]:
        """The arrays of the projection; empty for features that were not projected."""
        with reporting_damage(self.path, REMEDY):
            if TRANSFORM not in self._file:
                return {}
            group = group_in(self._file, TRANSFORM)
            return checked_transform({name: whole(dataset_in(group, name)) for name in group})


@contextmanager
def open_features(path: Path) -> Iterator[FeaturesFile]:
    """Open a features file for reading.

    Raises:
        InputError: The file is missing, damaged, or not a features file.
    """
    if not path.exists():
        if (foreign := foreign_beside(path)) is not None:
            raise InputError(foreign, "is not one of mmtool's features files", IMPORT)
        if path.is_symlink():
            raise InputError(path, f"links to {path.readlink()}, which does not exist", "correct the link")
        raise InputError(path, "no such features", "run `mmtool extract` (and `mmtool project`) first")
    with reporting_damage(path, REMEDY):
        if is_pointer(path):
            raise InputError(path, "is a pointer of Git LFS, not the file itself", FETCH)
        if kind := foreign_kind(path):
            raise InputError(path, f"is {kind}, not one of mmtool's features files", IMPORT)
        check_heaps(path)
        file = h5py.File(path, "r")
    with file:
        yield FeaturesFile(path, file)


def write_file(
    file: h5py.File, header: FeaturesHeader, groups: Mapping[str, FeatureGroup], transform: Arrays | None
) -> None:
    """Write a header, groups, and the arrays of a projection into an empty file."""
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
        write_file(file, header, groups, transform)
    with replacing(path) as part, part.open("wb") as file:
        file.write(image.getbuffer())  # Path.write_bytes keeps a view, which a BytesIO must not end before
