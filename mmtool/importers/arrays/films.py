"""Which arrays of a file belong to which film, and which of them are its features."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtool.importers.arrays import names as usual
from mmtool.importers.arrays.tree import (
    Tree,
    UnreadableError,
    is_numbers,
    numbers_of,
    rows_of,
    strings_of,
)

Leaves = Mapping[tuple[str, ...], Callable[[], Any]]
NAMED = 5  # arrays that a message names


@dataclass(frozen=True, slots=True)
class ForeignRows:
    """The features of one film or text as a file holds them.

    Attributes:
        features: (R, D).
        spans: (R, 2): start and end of each row in seconds, equal for points of time; None without times.
        texts: (R,): the texts that the rows belong to; None if the file does not say.
    """

    features: NDArray[np.float32]
    spans: NDArray[np.float64] | None = None
    texts: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class FilmsInFile:
    """How to read the rows of each film by its id, and names that are not ids of the corpus."""

    films: Mapping[str, Callable[[], ForeignRows]]
    unknown: Sequence[str]


def films_in(tree: Tree, file: Path, ids: Collection[str], key: str = "") -> FilmsInFile:
    """Find films by their ids: in the paths of arrays, in a column of ids, or in the file's name.

    Args:
        tree: What the file holds.
        file: The file.
        ids: The ids of the corpus.
        key: The name of the array that holds the features, where a film has several.
    """
    films: dict[str, dict[tuple[str, ...], Callable[[], Any]]] = {}
    others: dict[tuple[str, ...], Callable[[], Any]] = {}
    places: set[int] = set()  # of ids in paths
    for path, load in tree.items():
        at = next((index for index, name in enumerate(path) if known_id(name, ids)), None)
        if at is None:
            others[path] = load
        else:
            places.add(at)
            films.setdefault(known_id(path[at], ids), {})[path[:at] + path[at + 1 :]] = load
    if films:
        unknown = dict.fromkeys(path[at] for path in others for at in places if len(path) > at)
        return _found(films, list(unknown), key)
    if (column := _ids_column(others)) is not None:
        return _by_column(others, column, ids, key)
    if stem := known_id(file.name, ids):
        return _found({stem: others}, [], key)
    named = [path[0] for path in others if len(path) and path[0].lower() not in usual.FEATURES]
    about_rows = usual.TIMES | usual.SPANS | usual.STARTS | usual.ENDS | usual.NUMBERS | usual.TEXTS
    named = [name for name in dict.fromkeys(named) if name.lower() not in about_rows]
    return FilmsInFile({}, named or [file.stem])


def known_id(name: str, ids: Collection[str]) -> str:
    """The id that a name stands for, with or without a suffix or folders; empty if there is none."""
    for candidate in (name, name.rpartition("/")[2], Path(name).stem):
        if candidate in ids:
            return candidate
    return ""


def _found(films: Mapping[str, Leaves], unknown: Sequence[str], key: str) -> FilmsInFile:
    return FilmsInFile({id: partial(_rows, leaves, key) for id, leaves in films.items()}, unknown)


def _ids_column(leaves: Leaves) -> list[str] | None:
    for path, load in leaves.items():
        if path and path[-1].lower() in usual.IDS and (column := strings_of(load())):
            return column
    return None


def _by_column(leaves: Leaves, column: list[str], ids: Collection[str], key: str) -> FilmsInFile:
    """Films whose rows follow each other in one array, beside a column of ids."""
    rows: dict[str, list[int]] = {}
    for number, name in enumerate(column):
        rows.setdefault(name, []).append(number)
    known = {name: known_id(name, ids) for name in rows}
    films = {
        id: {path: partial(_selected, load, rows[name], len(column)) for path, load in leaves.items()}
        for name, id in known.items()
        if id
    }
    return _found(films, [name for name, id in known.items() if not id], key)


def _selected(load: Callable[[], Any], rows: list[int], count: int) -> Any:
    value = load()
    if isinstance(value, list) and len(value) == count:
        return [value[row] for row in rows]
    if isinstance(value, np.ndarray) and value.ndim and len(value) == count:
        return value[rows]
    return None  # nothing about rows


def _rows(leaves: Leaves, key: str) -> ForeignRows:
    """The rows of one film; raises UnreadableError, whose message completes “FILE: the film …”."""
    values = {path: load() for path, load in leaves.items()}
    about = {path: about for path, value in values.items() if (about := _about_rows(path, value)) is not None}
    candidates = {path: value for path, value in values.items() if path not in about and is_numbers(value)}
    path = _chosen(candidates, values, key)
    features = rows_of(values[path])
    of_rows = {name: value for name, value in about.values() if len(value) == len(features)}
    order = _order(of_rows.get("number"))
    spans = _spans(of_rows)
    texts = of_rows.get("text")
    if order is not None:
        features = features[order]
        spans = None if spans is None else spans[order]
        texts = None if texts is None else [texts[row] for row in order]
    return ForeignRows(features, spans, texts)


def _about_rows(path: tuple[str, ...], value: Any) -> tuple[str, Any] | None:
    """What an array says about the rows, and its values: ids, texts, numbers or times."""
    name = path[-1].lower() if path else ""
    if (strings := strings_of(value)) is not None:
        return ("text" if name in usual.TEXTS else "", strings)
    numbers = numbers_of(value) if is_numbers(value) else None
    if numbers is None:
        return None
    for kind, usual_names, shape in (
        ("span", usual.SPANS, (len(numbers), 2)),
        ("time", usual.TIMES, (len(numbers),)),
        ("start", usual.STARTS, (len(numbers),)),
        ("end", usual.ENDS, (len(numbers),)),
        ("number", usual.NUMBERS, (len(numbers),)),
    ):
        if name in usual_names and numbers.shape == shape:
            return kind, numbers
    return None


def _chosen(
    candidates: Mapping[tuple[str, ...], Any], values: Mapping[tuple[str, ...], Any], key: str
) -> tuple[str, ...]:
    if key:
        found = [path for path in values if key in ("/".join(path), *path[-1:])]
        if len(found) == 1:
            return found[0]
        raise UnreadableError(f"has {'several arrays' if found else 'no array'} named {key!r}")
    if len(candidates) == 1:
        return next(iter(candidates))
    if not candidates:
        if len(values) == 1:
            return next(iter(values))  # which says what is wrong with it
        raise UnreadableError("has no array of numbers")
    for name in usual.FEATURES:
        found = [path for path in candidates if path and path[-1].lower() == name]
        if len(found) == 1:
            return found[0]
    listed = ["/".join(path) or "the array itself" for path in candidates]
    more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    raise UnreadableError(f"has several arrays ({', '.join(listed[:NAMED])}{more}); name one with `key`")


def _order(numbers: NDArray[np.float64] | None) -> list[int] | None:
    """The order of rows that are numbered from 0 or 1; raises UnreadableError for other numbers."""
    if numbers is None:
        return None
    order = np.argsort(numbers, kind="stable")
    if not any(np.array_equal(numbers[order], np.arange(first, first + len(numbers))) for first in (0, 1)):
        raise UnreadableError("has rows whose numbers are not 0, 1, 2 … or 1, 2, 3 …, each of them once")
    return [int(row) for row in order]


def _spans(about: Mapping[str, Any]) -> NDArray[np.float64] | None:
    spans: NDArray[np.float64] | None = about.get("span")
    if spans is None and "start" in about and "end" in about:
        spans = np.stack([about["start"], about["end"]], axis=1)
    if spans is None:
        times = about.get("time", about.get("start"))
        spans = None if times is None else np.stack([times, times], axis=1)
    if spans is not None and not (np.isfinite(spans).all() and (spans[:, 0] <= spans[:, 1]).all()):
        raise UnreadableError("has rows whose times are not numbers, or end before they start")
    return spans
