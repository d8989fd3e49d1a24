"""``features/.<name>.search/``: the unit vectors of a features file in one array, to be memory-mapped.

``embeddings.npy`` holds the rows of all ids, one id after the other; ``rows.json`` says of which file they
were made, and how many rows each id has. Both can be deleted: they are made again when somebody searches.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from mmtool.errors import CallError
from mmtool.formats.atomic import replacing, write_text
from mmtool.formats.features import FeaturesFile, FeaturesHeader, open_features

VERSION = 1
VECTORS = "vectors"  # the setting of encoders whose features are made of several vectors


@dataclass(frozen=True, slots=True)
class EmbeddingIndex:
    """The embeddings (N, P·E) of all rows of a features file; each of the P vectors has unit length.

    ``ids`` are the videos or texts, in the order of their rows; ``counts`` says how many rows each has.
    """

    path: Path  # of the features
    header: FeaturesHeader
    embeddings: NDArray[np.float32]
    ids: tuple[str, ...]
    counts: tuple[int, ...]

    @property
    def vectors(self) -> int:
        """P."""
        return vectors_of(self.header)

    @property
    def starts(self) -> list[int]:
        """The first row of each id."""
        return [0, *accumulate(self.counts)][:-1]

    def place(self, row: int) -> tuple[str, int]:
        """The id and the clip or snippet, from 0, of a row."""
        number = int(np.searchsorted(self.starts, row, side="right")) - 1
        while not self.counts[number]:  # ids without rows start where the next one does
            number -= 1
        return self.ids[number], row - self.starts[number]

    def only(self, ids: Sequence[str]) -> "EmbeddingIndex":
        """The same without other ids; only then rows are copied into the memory."""
        kept = set(ids)
        if kept.issuperset(self.ids):
            return self
        chosen = [id for id in self.ids if id in kept]
        rows = [self.embeddings[self.rows(id).start : self.rows(id).stop] for id in chosen]
        nothing = [self.embeddings[:0]]
        return replace(
            self,
            embeddings=np.concatenate(rows or nothing),
            ids=tuple(chosen),
            counts=tuple(len(own) for own in rows),
        )

    def rows(self, id: str) -> range:
        """The rows of an id; none if the file does not have it."""
        if id not in self.ids:
            return range(0)
        number = self.ids.index(id)
        return range(self.starts[number], self.starts[number] + self.counts[number])


def vectors_of(header: FeaturesHeader) -> int:
    """How many vectors a feature of this kind is made of."""
    return int(header.sources[0].settings.get(VECTORS, 1)) if len(header.sources) == 1 else 1


def open_index(path: Path) -> EmbeddingIndex:
    """The index of a features file, made again if the file has changed.

    Raises InputError for a damaged features file, CallError for one without rows.
    """
    folder = path.parent / f".{path.stem}.search"
    status = path.stat()
    with open_features(path) as features:
        made_of = [VERSION, features.header.digest, status.st_size, status.st_mtime_ns]
        known = _read(folder, made_of)
        if known is None:
            known = _write(folder, features, made_of)
        header = features.header
    ids, counts = known
    embeddings = np.load(folder / "embeddings.npy", mmap_mode="r", allow_pickle=False)
    return EmbeddingIndex(path, header, embeddings, tuple(ids), tuple(counts))


def _read(folder: Path, made_of: Sequence[object]) -> tuple[list[str], list[int]] | None:
    """The ids and counts of an index that is complete and made of this file; otherwise None."""
    try:
        content = json.loads((folder / "rows.json").read_text(encoding="utf-8"))
        found = np.load(folder / "embeddings.npy", mmap_mode="r", allow_pickle=False)
        ids, counts = [str(id) for id in content["ids"]], [int(count) for count in content["counts"]]
        fits = len(ids) == len(counts) and found.ndim == 2 and found.dtype == np.float32
        if content["made_of"] == list(made_of) and fits and len(found) == sum(counts):
            return ids, counts
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None


def _write(folder: Path, features: FeaturesFile, made_of: Sequence[object]) -> tuple[list[str], list[int]]:
    ids = features.ids()
    counts = [features.shape(id)[0] for id in ids]
    if not sum(counts):
        raise CallError(f"{features.path}: contains no features; run `mmtool extract` again")
    vectors, width = vectors_of(features.header), features.shape(ids[0])[1]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rows.json").unlink(missing_ok=True)  # a kill must not leave it beside others
    with replacing(folder / "embeddings.npy") as part:
        written = open_memmap(part, mode="w+", dtype=np.float32, shape=(sum(counts), width))
        start = 0
        for id, count in zip(ids, counts, strict=True):
            written[start : start + count] = unit_vectors(features.read(id).features, vectors)
            start += count
        written.flush()
        del written
    content = {"made_of": list(made_of), "ids": ids, "counts": counts}
    write_text(folder / "rows.json", json.dumps(content, ensure_ascii=False) + "\n")
    return ids, counts


def unit_vectors(features: NDArray[np.float32], vectors: int = 1) -> NDArray[np.float32]:
    """Scale each of the P vectors of rows (N, P·E) to unit length; zeros remain zeros."""
    each = features.reshape(len(features), vectors, -1)
    norms = np.linalg.norm(each, axis=2, keepdims=True)
    unit = (each / np.where(norms > 0, norms, 1)).reshape(features.shape)
    return np.asarray(unit, np.float32)
