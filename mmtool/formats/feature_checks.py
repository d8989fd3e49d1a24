"""What a features file must be before anything is read from it, and the digests that protect its arrays.

Files come from other people. A few bytes of HDF5 can declare an array of any size, point to another file, or
hold another type than its name promises; what passes here can be relied on.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

import h5py
import numpy as np

DIGEST = "digest"  # attribute of a group: of the arrays that are read together
SMALL = 1 << 26  # bytes that an array may declare however little of it is stored
RATIO = 64  # by how much compression may shrink a larger one
PROTECTED = ("features", "intervals", "frame_times", "snippets")  # the arrays in the digest, in its order


class UntrustedFileError(ValueError):
    """A file that would read more, or elsewhere, than it should; the message says why."""


def group_in(file: h5py.File, id: str) -> h5py.Group:
    """The group of an id, which must be stored in the file itself.

    Raises:
        UntrustedFileError: It is a link to another place.
        TypeError: It is not a group.
    """
    return _member(file, id, h5py.Group)


def dataset_in(group: h5py.Group, name: str) -> h5py.Dataset:
    """A dataset of a group, which must be stored in the file itself.

    Raises:
        UntrustedFileError: It is a link, is stored in another file, or declares far more than is stored.
        TypeError: It is not a dataset.
    """
    dataset = _member(group, name, h5py.Dataset)
    if dataset.external or dataset.is_virtual:
        raise UntrustedFileError(f"takes {name!r} from another file")
    return dataset


def whole(dataset: h5py.Dataset) -> Any:
    """All of a dataset; raises UntrustedFileError where far more is declared than is stored."""
    stored = dataset.id.get_storage_size()
    if dataset.nbytes > max(SMALL, RATIO * stored):
        raise UntrustedFileError(
            f"declares {dataset.nbytes:,} bytes of {dataset.name!r}, of which {stored:,} are stored"
        )
    return dataset[()]


def _member(group: h5py.Group, name: str, kind: type[Any]) -> Any:
    link = group.get(name, getlink=True)
    if not isinstance(link, h5py.HardLink):
        raise UntrustedFileError(f"takes {name!r} from another place")
    found = group[name]
    if not isinstance(found, kind):
        raise TypeError(f"{name!r} is not a {kind.__name__.lower()}")
    return found


def text_attribute(attrs: h5py.AttributeManager, name: str) -> str:
    """An attribute that must be a string; raises KeyError or TypeError."""
    value = attrs[name]
    if not isinstance(value, str):
        raise TypeError(f"the attribute {name!r} is not a string")
    return value


def check_shapes(
    features: Any, intervals: Any | None, snippets: list[str] | None, frame_times: Any | None
) -> None:
    """Raise ValueError unless the arrays of an id are numbers of fitting shapes."""
    if features.ndim != 2 or features.shape[1] == 0 or features.dtype.kind not in "fiu":
        raise ValueError(f"features of shape {features.shape} and type {features.dtype}")
    rows = len(features)
    if intervals is not None and (intervals.shape != (rows, 2) or intervals.dtype.kind not in "fiu"):
        raise ValueError(f"intervals of shape {intervals.shape} for {rows} rows")
    if snippets is not None and len(snippets) != rows:
        raise ValueError(f"{len(snippets)} snippets for {rows} rows")
    if frame_times is not None and (frame_times.ndim != 2 or len(frame_times) != rows):
        raise ValueError(f"frame times of shape {frame_times.shape} for {rows} rows")


def digest_of(parts: Iterable[tuple[str, Any]]) -> str:
    """A digest of named arrays and lists of strings: names, types, shapes and values."""
    digest = hashlib.blake2b(digest_size=16)
    for name, value in parts:
        if value is None:
            continue
        if isinstance(value, np.ndarray):
            digest.update(f"{name} {value.dtype.str} {value.shape}\n".encode())
            digest.update(np.ascontiguousarray(value).data)
        else:
            for text in (f"{name} {len(value)}", *value):
                encoded = str(text).encode("utf-8", "surrogatepass")
                digest.update(len(encoded).to_bytes(8, "little"))
                digest.update(encoded)
    return digest.hexdigest()
