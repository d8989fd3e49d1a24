"""Features files of strangers: what they may not be, and checksums."""

import os
import subprocess
import sys
from contextlib import nullcontext

import h5py
import numpy as np
import pytest

from mmtool.choices import Modality
from mmtool.errors import InputError
from mmtool.formats.checkpoints import read_checkpoint
from mmtool.formats.features import FeatureGroup, FeaturesHeader, open_features, write_features
from mmtool.formats.features_builder import FeaturesBuilder
from mmtool.records import EncoderIdentity
from support.commands import call, complaint

HEADER = FeaturesHeader(Modality.VIDEO, (EncoderIdentity("timing", "clip times", "none", 2),))
INTERVALS = np.array([[0.0, 1.0], [1.0, 2.0], [2.0, 3.0]])


@pytest.fixture
def path(tmp_path):
    """A file of one id with three clips and two dimensions."""
    path = tmp_path / "timing.h5"
    features = np.arange(6, dtype=np.float32).reshape(3, 2)
    regions = {"labels": np.arange(6, dtype=np.int32).reshape(3, 2)}
    write_features(path, HEADER, {"a": FeatureGroup(features, INTERVALS, recipe="r", extras=regions)})
    return path


def replace(path, name, **dataset):
    with h5py.File(path, "r+") as file:
        del file["a"][name]
        file["a"].create_dataset(name, **dataset)


def read(path):
    with open_features(path) as features:
        return features.read("a")


def bomb(path):
    """Sixteen million rows that are not stored, as a fill value stands for them."""
    replace(path, "features", shape=(16_000_000, 2), dtype="f4", chunks=(1000, 2))


def external(path):
    replace(path, "features", shape=(3, 2), dtype="f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


def soft_link(path):
    with h5py.File(path, "r+") as file:
        file["b"], file["a/features2"] = h5py.SoftLink("/a"), h5py.SoftLink("/a/features")
        del file["a/features"]
        file["a"].move("features2", "features")


def external_link(path):
    with h5py.File(path, "r+") as file:
        del file["a/features"]
        file["a/features"] = h5py.ExternalLink("other.h5", "/x")


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (bomb, "declares 128,000,000 bytes"),
        (external, "takes 'features' from another file"),
        (soft_link, "takes 'features' from another place"),
        (external_link, "takes 'features' from another place"),
    ],
)
def test_files_that_reach_elsewhere_or_declare_far_more_than_they_store_are_refused(path, spoil, problem):
    spoil(path)
    with pytest.raises(InputError, match=rf"timing\.h5: is refused, because it {problem}"):
        read(path)
    assert "refused" in complaint(call("info", path, code=2), "timing.h5")


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3, 0), np.float32),
        np.zeros(3, np.float32),
        np.zeros((3, 2, 1), np.float32),
        np.zeros((4, 2), np.float32),
        np.array([["x", "y"]] * 3, dtype="S1"),
        np.zeros((3, 2), np.complex64),
    ],
    ids=["no width", "one axis", "three axes", "four rows", "text", "complex"],
)
def test_arrays_of_other_shapes_and_types_are_damage(path, array):
    replace(path, "features", data=array)
    with pytest.raises(InputError, match="is damaged"):
        read(path)


@pytest.mark.parametrize("value", [np.array([1, 1]), 5, np.bytes_(b"\xff")], ids=["array", "number", "bytes"])
@pytest.mark.parametrize("name", ["projection", "sources", "versions", "modality", "format"])
def test_attributes_of_other_types_are_damage(path, name, value):
    with h5py.File(path, "r+") as file:
        file.attrs[name] = value
    with pytest.raises(InputError, match=r"timing\.h5"):
        read(path)


def test_a_flipped_bit_is_named(path):
    with h5py.File(path) as file:
        offset = file["a/features"].id.get_offset()
    content = bytearray(path.read_bytes())
    content[offset + 9] ^= 4
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"the features of 'a' are damaged \(wrong checksum\)"):
        read(path)


def test_regions_have_a_checksum_of_their_own(path):
    with open_features(path) as features:
        features.verify_regions("a")
    replace(path, "labels", data=np.zeros((3, 2), np.int32))
    with open_features(path) as features, pytest.raises(InputError, match="the regions of 'a' are damaged"):
        features.verify_regions("a")
    assert read(path).features.shape == (3, 2)


def test_a_file_without_checksums_is_read(path):
    with h5py.File(path, "r+") as file:
        del file["a"].attrs["digest"]
    assert read(path).features.tolist() == [[0, 1], [2, 3], [4, 5]]


HOLDER = "import h5py, sys; f = h5py.File(sys.argv[1], 'a'); print('held', flush=True); sys.stdin.read()"


def test_a_file_that_another_program_holds_is_not_called_damaged_and_not_replaced(path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(InputError, match="is open in another program"):
            read(path)
        builder = FeaturesBuilder(path, HEADER)
        with pytest.raises(InputError, match="is open in another program"):
            builder.has("a", "r")
    finally:
        holder.communicate("")
    assert read(path).features.shape == (3, 2)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_not_called_damaged(path):
    path.chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        read(path)


def test_a_pointer_of_git_lfs_is_neither_damage_nor_to_be_made_again(tmp_path):
    for name, read in (("a.h5", open_features), ("a.pt", lambda path: nullcontext(read_checkpoint(path)))):
        path = tmp_path / name
        path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
        with pytest.raises(InputError, match=r"is a pointer of Git LFS.*git lfs pull"), read(path):
            pass


def test_a_link_that_leads_nowhere_is_named(tmp_path):
    path = tmp_path / "a.h5"
    path.symlink_to(tmp_path / "gone.h5")
    with pytest.raises(InputError, match=r"links to .*gone\.h5, which does not exist"), open_features(path):
        pass
