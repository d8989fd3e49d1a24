"""States of words in a features file: a compressed array ``word_states`` (M, W, D), one chunk a snippet.

There are M snippets of up to W words or word pieces, special ones included; ``word_count`` (M,) of them are
real, and ``word_names`` (M, W, L) has them as UTF-8, filled up with zeros.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtool.errors import InputError
from mmtool.formats.features import FeaturesFile

STATES, NAMES, COUNT = "word_states", "word_names", "word_count"
KEEP = "run `mmtool extract --keep-words` with the options that the file was made with"


def word_arrays(
    words: Sequence[tuple[NDArray[np.float32], Sequence[str]]], width: int
) -> dict[str, NDArray[Any]]:
    """The arrays of M snippets, each with its states (W, D = ``width``) and the names of its words."""
    encoded = [[name.encode("utf-8", "replace") for name in names] for _, names in words]
    most = max((len(states) for states, _ in words), default=0)
    letters = max((len(name) for names in encoded for name in names), default=0)
    states = np.zeros((len(words), max(1, most), width), np.float32)
    names = np.zeros((len(words), max(1, most), max(1, letters)), np.uint8)
    for row, (own, _) in enumerate(words):
        states[row, : len(own)] = own
        for place, name in enumerate(encoded[row]):
            names[row, place, : len(name)] = np.frombuffer(name, np.uint8)
    return {STATES: states, NAMES: names, COUNT: np.array([len(own) for own, _ in words], np.int64)}


def read_words(file: FeaturesFile, id: str, snippet: int) -> tuple[NDArray[np.float32], list[str]]:
    """The states (W, D) and the names of a snippet's words; no other snippet is read.

    Raises:
        InputError: The file stores no words of ``id``, or states that are not finite numbers.
        IndexError: There is no such snippet.
    """
    found = file.read_row(id, (STATES, NAMES, COUNT), snippet)
    if len(found) < 3 or found[STATES].ndim != 2 or found[NAMES].ndim != 2:
        raise InputError(file.path, f"stores no words of {id!r}", KEEP)
    count = int(found[COUNT])
    states = np.asarray(found[STATES][:count], np.float32)
    if not np.isfinite(states).all():
        problem = f"stores states of words of {id!r} that are not finite"
        raise InputError(file.path, problem, "run `mmtool extract --keep-words --force`")
    names = [bytes(name).rstrip(b"\0").decode("utf-8", "replace") for name in found[NAMES][:count]]
    return states, names
