"""Hard negatives for matching: what the embeddings confuse with the right clip or snippet (ALBEF)."""

import numpy as np
from numpy.typing import NDArray

NONE = -1  # where there is no negative


def draw_negatives(
    logits: NDArray[np.float64],
    positives: NDArray[np.bool_],
    same_film: NDArray[np.bool_],
    rows: NDArray[np.int64],
    *,
    share: float,
    dice: np.random.Generator,
) -> NDArray[np.int64]:
    """Draw one negative column for each of P rows, by the softmax of the row's logits.

    With probability ``share`` it is drawn from the row's own film if that has a negative, otherwise from
    the other films if they have one, and from all negatives where the chosen side is empty. Positives are
    never drawn. Where all weights of a row vanish, its allowed columns are equally likely.

    Args:
        logits: (A, B): how well rows and columns fit.
        positives: (A, B): which belong together, entries of the same snippet's text included.
        same_film: (A, B): which are of one film.
        rows: (P,): the rows to draw for.
        share: The probability that a negative is of the same film.
        dice: The source of chance; it is asked for the same amount whatever the logits are.

    Returns:
        (P,): columns, :data:`NONE` where a row has no negative.
    """
    chances = dice.random((len(rows), 2))
    found = np.full(len(rows), NONE, np.int64)
    for place, row in enumerate(rows):
        allowed = ~positives[row]
        near = allowed & same_film[row]
        chosen = near if chances[place, 0] < share else allowed & ~same_film[row]
        columns = np.flatnonzero(chosen if chosen.any() else allowed)
        if len(columns):
            weights = _weights(logits[row, columns])
            found[place] = columns[_drawn(weights, chances[place, 1])]
    return found


def _weights(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The softmax, or equal shares where it is not a number."""
    greatest = logits.max()
    if not np.isfinite(greatest):
        return np.full(len(logits), 1 / len(logits))
    weights = np.exp(logits - greatest)
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def _drawn(weights: NDArray[np.float64], chance: float) -> int:
    return min(int(np.searchsorted(weights.cumsum(), chance, side="right")), len(weights) - 1)
