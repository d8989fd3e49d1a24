"""Features in HDF5: bytes damaged, or well-formed files of other types, shapes, links and sizes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import h5py
import numpy as np

from mmtool.formats.features import open_features
from support.fuzzing.cases import Case, Step, command, reading
from support.fuzzing.mutation import NUMBERS, change_bytes, json_bytes, odd_value
from support.fuzzing.ready import copy_but, ready_for

NAMES = ("timing", "length", "timing.rp", "length.rp")
DTYPES = ("f2", "f4", "f8", "i8", "u1", "S5", "?", "c8", "O", "V8", "i4")
SHAPES = (
    (),
    (0,),
    (1,),
    (6,),
    (4,),
    (6, 0),
    (0, 5),
    (6, 1),
    (4, 300),
    (6, 300),
    (7, 300),
    (6, 3, 300),
    (6, 2),
    (1,) * 8,
)


def _array(rng: Random) -> object:
    shape = rng.choice(SHAPES)
    kind = rng.choice(DTYPES)
    if kind == "O":
        return np.full(shape, rng.choice(("text", "\u00e9", "")), dtype=h5py.string_dtype())
    array = np.zeros(shape, kind)
    if kind[0] == "f" and rng.random() < 0.5:
        array[...] = rng.choice((np.nan, np.inf, -np.inf, 1e30, 1.0))
    return array


def _datasets(file: h5py.File) -> list[str]:
    found: list[str] = []
    file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return found


def replace_array(rng: Random, file: h5py.File) -> None:
    name = rng.choice(_datasets(file))
    del file[name]
    file.create_dataset(name, data=_array(rng))


def bomb(rng: Random, file: h5py.File) -> None:
    """An array that is small on disk and large in memory."""
    name = rng.choice(_datasets(file))
    del file[name]
    rows = rng.choice((10**6, 8 * 10**6, 10**9, 2**40))
    match rng.randrange(3):
        case 0:
            file.create_dataset(name, shape=(rows, 300), dtype="f4", chunks=(1000, 300))
        case 1:
            file.create_dataset(name, shape=(rows,), dtype=rng.choice(("f4", "f8")), chunks=(1000,))
        case _:
            array = file.create_dataset(
                name, (min(rows, 8 * 10**6), 60), "f4", chunks=(10**5, 60), compression="gzip"
            )
            array[: 10**5] = 0


def drop(rng: Random, file: h5py.File) -> None:
    names: list[str] = []
    file.visit(names.append)
    del file[rng.choice(names)]


def link(rng: Random, file: h5py.File) -> None:
    """Links that lead nowhere, in circles or out of the file, and arrays whose bytes are elsewhere."""
    name = rng.choice(_datasets(file))
    del file[name]
    match rng.randrange(5):
        case 0:
            file[name] = h5py.SoftLink("/nothing")
        case 1:
            file[name] = h5py.SoftLink(f"/{name}")
        case 2:
            file[name] = h5py.ExternalLink("/etc/hostname", "/features")
        case 3:
            file[name] = file[rng.choice(list(file))]
        case _:
            file.create_dataset(
                name, shape=(6, 300), dtype="f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)]
            )


def attribute(rng: Random, file: h5py.File) -> None:
    holder = file if rng.random() < 0.7 else file[rng.choice(list(file))]
    name = rng.choice([*holder.attrs, "format", "projection"])
    value = rng.choice((odd_value(rng), _array(rng), rng.choice(NUMBERS), "[" * 5000, '{"a": 1}', "[1]"))
    if rng.random() < 0.2 and name in holder.attrs:
        del holder.attrs[name]
        return
    try:
        holder.attrs[name] = value
    except (TypeError, ValueError, OSError, OverflowError, RuntimeError):
        holder.attrs[name] = 0


def sources(rng: Random, file: h5py.File) -> None:
    """The JSON within an attribute."""
    name = rng.choice(("sources", "versions"))
    text = json_bytes(rng, json.loads(file.attrs[name])).decode("utf-8", "replace").replace("\0", "")
    file.attrs[name] = text[:60_000].encode("utf-8", "replace").decode()


def group_for_array(rng: Random, file: h5py.File) -> None:
    name = rng.choice(_datasets(file))
    del file[name]
    file.create_group(name)


def odd_names(rng: Random, file: h5py.File) -> None:
    file.copy("v0", rng.choice(("..", "a" * 5000, "\u202e", "x\ny", "@transform/v9", "\x1b[2J")))


CHANGES: tuple[Callable[[Random, h5py.File], None], ...] = (
    *(replace_array, replace_array, replace_array, bomb, drop, link, attribute, attribute, sources),
    *(group_for_array, odd_names),
)


def read_all(path: Path) -> None:
    """Read everything that commands read."""
    with open_features(path) as file:
        for id in file.ids():
            file.read(id)
            file.verify_regions(id)
        file.transform()


class Hdf5Files:
    """One features file changed, and the commands that read it."""

    def prepare(self, seeds: Path) -> None:
        ready_for(seeds)

    def case(self, rng: Random, seeds: Path, folder: Path) -> Case:
        name = rng.choice(NAMES)
        root = seeds.parent / "ready"
        copy_but(root, folder, ("film", "alignments", "texts", f"features/{name}.h5"))
        path = folder / "features" / f"{name}.h5"
        if rng.random() < 0.5:
            path.write_bytes(change_bytes(rng, (root / "features" / path.name).read_bytes(), head=3000))
        else:
            shutil.copyfile(root / "features" / path.name, path)
            for _ in range(rng.choice((1, 1, 1, 2))):
                with h5py.File(path, "r+") as file:
                    if _datasets(file):
                        rng.choice(CHANGES)(rng, file)
        return Case(self._steps(rng, name, folder, path), path)

    def _steps(self, rng: Random, name: str, folder: Path, path: Path) -> list[Step]:
        steps = [reading(f"mmtool info {{}}/features/{path.name} --verify", lambda: read_all(path))]
        if rng.random() < 0.6:
            return steps  # whole commands take ten times as long
        steps.append(command(folder, "info", path))
        if name.endswith(".rp"):
            steps.append(command(folder, "align", folder, "--run", "r"))
        elif rng.random() < 0.5:
            steps.append(command(folder, "project", folder))
        else:
            options = ("--video-encoder", "timing") if name == "timing" else ("--text-encoder", "length")
            steps.append(command(folder, "extract", folder, *options))
        if rng.random() < 0.1:
            steps.append(command(folder, "train", folder, "--run", "n", "--epochs", "1", "--threads", "1"))
        return steps
