"""Files of arrays that other programs wrote, told from damaged ones."""

from pathlib import Path

IMPORT = "import it with `mmtool import features`"
STARTS = {b"\x93NUMPY": "a NumPy file", b"PK\x03\x04": "an archive of NumPy or torch", b"\x80": "a pickle"}
POINTER = b"version https://git-lfs.github.com/spec/"
FETCH = "fetch its content with `git lfs pull`"
SUFFIXES = (".npy", ".npz", ".pkl", ".pt", ".pth", ".safetensors", ".hdf5", ".csv")


def foreign_kind(path: Path) -> str:
    """What kind of foreign file this is, by its first bytes; empty if it is not known as one."""
    with path.open("rb") as file:
        start = file.read(8)
    return next((kind for magic, kind in STARTS.items() if start.startswith(magic)), "")


def is_pointer(path: Path) -> bool:
    """Whether a file only says where Git LFS has its content."""
    with path.open("rb") as file:
        return file.read(len(POINTER)) == POINTER


def foreign_beside(path: Path) -> Path | None:
    """A foreign file with the name of a features file that does not exist."""
    candidates = (path.with_name(path.stem + suffix) for suffix in SUFFIXES)
    return next((candidate for candidate in candidates if candidate.is_file()), None)
