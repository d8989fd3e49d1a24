"""Heaps of HDF5: those that it writes are whole, and one that it would read without end is refused."""

import struct

import h5py
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtool.choices import Modality
from mmtool.errors import InputError
from mmtool.formats.features import FeaturesHeader, open_features, write_features
from mmtool.formats.hdf5_heaps import HEAP, check_heaps
from mmtool.records import EncoderIdentity

HEADER = FeaturesHeader(Modality.VIDEO, (EncoderIdentity("timing", "clip times", "none", 2),))
LENGTHS = st.lists(st.sampled_from((0, 1, 7, 8, 9, 100, 4000, 5000, 70_000)), min_size=1, max_size=30)


@settings(max_examples=30, deadline=None)
@given(LENGTHS, st.sets(st.integers(0, 29)))
def test_the_heaps_that_hdf5_writes_are_whole(tmp_path_factory, lengths, removed):
    path = tmp_path_factory.mktemp("heaps") / "a.h5"
    with h5py.File(path, "w") as file:
        for number, length in enumerate(lengths):
            file.attrs[f"a{number}"] = "x" * min(length, 60_000)
            strings = ["x" * length, "y"]
            file.create_dataset(f"d{number}", data=strings, dtype=h5py.string_dtype())
        for number in removed & set(range(len(lengths))):
            del file.attrs[f"a{number}"], file[f"d{number}"]
    check_heaps(path)


@pytest.mark.parametrize("size", [0, 2**64 - 16, 2**32])
@pytest.mark.parametrize("number", [0, 2])
def test_a_heap_that_would_be_read_without_end_is_refused(tmp_path, size, number):
    """HDF5 2.0 hangs in the first attribute where an object is free and has the size 0."""
    path = tmp_path / "timing.h5"
    write_features(path, HEADER, {})
    content = bytearray(path.read_bytes())
    at = content.index(HEAP) + 16
    for _ in range(number):
        at += 16 + (struct.unpack_from("<Q", content, at + 8)[0] + 7) // 8 * 8
    struct.pack_into("<HHIQ", content, at, 0 if size == 0 else 1, 0, 0, size)
    path.write_bytes(content)
    with (
        pytest.raises(InputError, match=r"timing\.h5: is not an HDF5 file, or is damaged"),
        open_features(path),
    ):
        pass


def test_a_heap_across_two_pieces_is_found(tmp_path, monkeypatch):
    path = tmp_path / "timing.h5"
    write_features(path, HEADER, {})
    content = bytearray(path.read_bytes())
    at = content.index(HEAP)
    monkeypatch.setattr("mmtool.formats.hdf5_heaps.PIECE", at + 3)
    struct.pack_into("<HHIQ", content, at + 16, 0, 0, 0, 0)
    path.write_bytes(content)
    with pytest.raises(ValueError, match="objects do not fill it"):
        check_heaps(path)
