"""What a file of arrays holds, whatever its format: values by path, each read when it is asked for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Path = tuple[str, ...]  # names of groups or keys, then that of the value; empty for a file of one array
Tree = Mapping[Path, Callable[[], Any]]

MOST_VALUES = 1_000_000  # in a file; more are damage, or meant to do some
DEEPEST = 8  # groups in groups


class UnreadableError(ValueError):
    """A value that is not an array of numbers with rows; the message completes “NAME …”."""


@dataclass(frozen=True, slots=True)
class ArraysFile:
    """An open file of arrays, and what was left out of it."""

    tree: Tree
    notes: Sequence[str] = field(default=())


def tree_of(value: Any) -> Tree:
    """The tree of nested dictionaries with arrays or lists in them."""
    found: dict[Path, Callable[[], Any]] = {}
    for path, leaf in _leaves(value, ()):
        found[path] = partial(_same, leaf)
        if len(found) > MOST_VALUES:
            raise UnreadableError(f"holds more than {MOST_VALUES:,} values")
    return found


def _same(value: Any) -> Any:
    return value


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if not isinstance(value, dict):
        yield path, value
        return
    if len(path) > DEEPEST:
        raise UnreadableError("holds dictionaries that are nested too deeply")
    for key, item in value.items():
        yield from _leaves(item, (*path, *str(key).split("/")))


def is_numbers(value: Any) -> bool:
    """Whether a value could be rows of numbers: an array or a list, but not one of strings."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "fiub" and value.ndim > 0
    return isinstance(value, list) and not strings_of(value)


def strings_of(value: Any) -> list[str] | None:
    """The strings of a list or an array (R,); None for anything else."""
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "US":
        value = value.tolist()
    if not isinstance(value, list) or not value or not all(isinstance(item, str | bytes) for item in value):
        return None
    return [item.decode("utf-8", "replace") if isinstance(item, bytes) else item for item in value]


def numbers_of(value: Any) -> NDArray[np.float64] | None:
    """The numbers of an array or a list of numbers; None for anything else."""
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        return None
    return array.astype(np.float64) if array.dtype.kind in "fiu" else None


def rows_of(value: Any) -> NDArray[np.float32]:
    """Rows (R, D) of an array or a list of arrays, without axes of length 1; a vector is one row.

    Raises UnreadableError for anything else.
    """
    array = _stacked(value) if isinstance(value, list) else value
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        raise UnreadableError(f"is {_described(value)}, not an array of numbers")
    if array.ndim < 2:
        return np.asarray(array, np.float32).reshape(1, -1) if array.ndim else _refuse(array)
    long = [length for length in array.shape if length != 1]
    if array.ndim > 2 and len(long) <= 2:
        rows = array.shape[0] if len(long) < 2 else long[0]
        array = array.reshape(rows, -1 if array.size else 0)
    return np.asarray(array, np.float32) if array.ndim == 2 and array.shape[1] else _refuse(array)


def _refuse(array: NDArray[Any]) -> NDArray[np.float32]:
    raise UnreadableError(f"has the shape {array.shape}, not (rows, dimensions)")


def _stacked(rows: list[Any]) -> NDArray[Any]:
    """One array of a list of equal ones."""
    if not rows:
        raise UnreadableError("is an empty list")
    if all(isinstance(row, int | float) for row in rows):
        return np.array(rows, np.float64)
    arrays = [row if isinstance(row, np.ndarray) else numbers_of(row) for row in rows]
    for number, array in enumerate(arrays):
        if array is None or array.dtype.kind not in "fiub":
            raise UnreadableError(f"has a row {number} that is {_described(rows[number])}, not numbers")
    shapes = list(dict.fromkeys(array.shape for array in arrays if array is not None))
    if len(shapes) > 1:
        raise UnreadableError(f"has rows of different shapes: {shapes[0]} and {shapes[1]}")
    return np.stack([array for array in arrays if array is not None])


def _described(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of type {value.dtype}"
    names = {dict: "a dictionary", list: "a list", str: "a text", bytes: "bytes", type(None): "nothing"}
    return names.get(type(value), f"a single {type(value).__name__}")
