"""Files of arrays by their suffixes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mmtool.errors import CallError, InputError
from mmtool.formats.foreign_hdf5 import open_foreign_hdf5
from mmtool.importers.arrays.numpy_files import read_npy, read_npz
from mmtool.importers.arrays.tables import read_table
from mmtool.importers.arrays.tree import ArraysFile

NUMPY = (".npy", ".pkl", ".pickle")
HDF5 = (".h5", ".hdf5", ".hdf", ".mat")
TENSORS = (".pt", ".pth", ".bin", ".safetensors")
TABLES = (".csv", ".tsv")
SUFFIXES = (*NUMPY, ".npz", *HDF5, *TENSORS, *TABLES)


def array_files(paths: Sequence[Path]) -> list[Path]:
    """The files themselves, and those in folders whose suffixes are known.

    Raises CallError for one that does not exist or is of another kind.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(each for each in path.iterdir() if each.suffix.lower() in SUFFIXES)
            found += [each for each in inside if not each.name.startswith(".")]
            if not inside:
                raise CallError(f"{path}: contains no file that ends in {', '.join(SUFFIXES)}")
        elif not path.exists():
            raise CallError(f"{path}: no such file")
        elif path.suffix.lower() not in SUFFIXES:
            raise CallError(f"{path}: is not a file of arrays; give one that ends in {', '.join(SUFFIXES)}")
        else:
            found.append(path)
    return list(dict.fromkeys(found))


@contextmanager
def open_arrays(path: Path) -> Iterator[ArraysFile]:
    """Open a file of arrays; raises InputError for one that is damaged, or holds something else."""
    suffix = path.suffix.lower()
    try:
        if suffix in HDF5:
            with open_foreign_hdf5(path) as tree:
                yield ArraysFile(tree)
        elif suffix in TABLES:
            yield read_table(path)
        elif suffix in TENSORS:
            from mmtool.importers.arrays.tensor_files import read_tensors  # torch takes a second to load

            yield ArraysFile(read_tensors(path))
        else:
            yield ArraysFile(read_npz(path) if suffix == ".npz" else read_npy(path))
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error})"
        raise InputError(path, problem, "make it readable and try again") from error
