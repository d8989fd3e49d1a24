"""Which training films an estimate learns from, and which it holds out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmtool.errors import SettingError

FOLDS, MANY = 3, 200  # folds with fewer than so many films; with more, one is enough
HELD_OUT = 5  # one film in so many is held out by a single fold
FEWEST = 2  # films that are held out
STREAM = 20  # of the random numbers that order the films


@dataclass(frozen=True, slots=True)
class Fold:
    """Films to learn from, and films that are held out."""

    learned: tuple[str, ...]
    held_out: tuple[str, ...]


def chosen_folds(folds: int, films: int) -> int:
    """The number of folds, where 0 leaves it to the number of films."""
    return folds or (FOLDS if films < MANY else 1)


def film_folds(films: Sequence[str], *, folds: int, fraction: float, seed: int) -> list[Fold]:
    """Divide a share of the films, drawn by seed.

    Args:
        films: The training films.
        folds: How often other films are held out; 0 for three times with fewer than 200 films, else once.
        fraction: The share of the films that is used.
        seed: The seed of the training.

    Raises:
        SettingError: There are too few films.
    """
    folds = chosen_folds(folds, len(films))
    order = np.random.default_rng([seed, STREAM]).permutation(len(films))
    used = [films[index] for index in order[: math.ceil(fraction * len(films))]]
    parts = max(folds, HELD_OUT) if folds == 1 else folds
    if len(used) < FEWEST * parts:
        some = "" if fraction == 1 else f" with `blend_fraction={fraction:g}`"
        raise SettingError(
            "blend",
            f"cannot be estimated: holding out {FEWEST} films each time needs at least {FEWEST * parts} "
            f"annotated training films{some}, but there are {len(used)}; annotate more, or give the weights",
        )
    divided = []
    for fold in range(folds):
        held_out = tuple(used[fold::parts])
        divided.append(Fold(tuple(film for film in used if film not in held_out), held_out))
    return divided


def cost(*, branches: int, films: int, folds: int, fraction: float, estimated: int, epochs: int) -> float:
    """The epochs that a blended run trains, in those of an ordinary run.

    An estimate trains each branch on the films that a fold does not hold out. Without folds and on all
    films, estimates as long as the run make it cost as much as M + 2 ordinary ones.

    Args:
        branches: M + 1, the modalities and the joint branch.
        films: The training films.
        folds: The setting.
        fraction: The share of the films that is used.
        estimated: The epochs of all estimates together.
        epochs: The epochs of the run.
    """
    count = chosen_folds(folds, films)
    learned = 1 - 1 / (HELD_OUT if count == 1 else count)
    return 1 + branches * count * learned * fraction * estimated / epochs
