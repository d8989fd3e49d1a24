"""Pickles of arrays: read as pickle reads them, and nothing in them is executed."""

import collections
import os
import pickle
import pickletools
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtool.importers.arrays.pickled import ForeignObjectError, read_pickle

VALUES = {
    "float": np.arange(6, dtype=np.float32).reshape(2, 3),
    "columns first": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "big-endian": np.arange(3, dtype=">f8"),
    "half": np.ones((1, 2), np.float16),
    "rows": [np.ones(3), np.zeros(3)],
    "objects": np.array([np.ones(2), np.ones(3)], dtype=object),
    "texts": np.array(["a", "bc"]),
    "scalar": np.float32(2.5),
    "plain": [1, 2.5, True, None, "text", b"bytes", b""],
    "ordered": collections.OrderedDict(a=1),
    "default": collections.defaultdict(list, {"a": np.ones(2)}),
}


def same(found, wanted) -> bool:
    if isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(same(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list | tuple) or (isinstance(wanted, np.ndarray) and wanted.dtype.hasobject):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(wanted, np.ndarray):
        return found.dtype.newbyteorder() in (wanted.dtype, wanted.dtype.newbyteorder()) and np.array_equal(
            found, wanted
        )
    return found == wanted


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", VALUES)
def test_reads_what_pickle_reads(name, protocol):
    content = pickle.dumps({"film": VALUES[name]}, protocol)
    assert same(read_pickle(content), pickle.loads(content))  # noqa: S301  it was made here


class Touches:
    """What executes something where it is unpickled."""

    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_is_executed(tmp_path, protocol):
    for value in (
        Touches(tmp_path / "made"),
        {"v0": Touches(tmp_path / "made")},
        [Touches(tmp_path / "made")],
    ):
        with pytest.raises(ForeignObjectError, match="mkdir"):
            read_pickle(pickle.dumps(value, protocol))
    assert not (tmp_path / "made").exists()


class Own:
    """An object of a program's own."""


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (print, r"builtin.*\.print"),
        (Own(), "Own"),
        ({1, 2}, "set|SET"),
        (np.zeros(2, [("a", "f4")]), "records"),
        (np.zeros(2, "M8[s]"), "type 'M8'"),
        (range(3), "range|xrange"),
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_other_objects_are_named(value, named, protocol):
    with pytest.raises(ForeignObjectError, match=named):
        read_pickle(pickle.dumps(value, protocol))


def test_circles_and_lies_about_sizes_are_refused():
    circle: list = []
    circle.append(circle)
    with pytest.raises(ForeignObjectError, match="nested"):
        read_pickle(pickle.dumps(circle))
    content = pickle.dumps(np.arange(4, dtype=np.int64), 2)
    at = next(at for op, value, at in pickletools.genops(content) if (op.name, value) == ("BININT1", 4))
    larger = content[: at + 1] + b"\xff" + content[at + 2 :]  # a shape of 255
    with pytest.raises(ValueError, match="damaged"):
        read_pickle(larger)


@given(st.binary(max_size=60), st.integers(0, 400), st.sampled_from([0, 2, 4, 5]))
@settings(max_examples=300, deadline=None)
def test_damage_is_a_value_error(noise, at, protocol):
    content = pickle.dumps({"film": VALUES["float"], "other": VALUES["rows"]}, protocol)
    damaged = content[:at] + noise + content[at + len(noise) :]
    with suppress(ValueError):  # and nothing else
        read_pickle(damaged)
