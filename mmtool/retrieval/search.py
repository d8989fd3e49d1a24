"""The rows of an array of embeddings that are most similar to queries: exact, block by block.

The array may be memory-mapped and larger than the memory: a block is read, compared and forgotten.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLOCK = 1 << 25  # bytes of a block of embeddings, and of its similarities to all queries


class NotFiniteError(ValueError):
    """Scores that are not finite numbers, which nothing can be ordered by."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best k rows of each of Q queries, most similar first; of equals, the lower row first."""

    rows: NDArray[np.int64]  # (Q, k)
    similarity: NDArray[np.float32]  # (Q, k)


def search(
    embeddings: NDArray[np.float32],
    queries: NDArray[np.float32],
    k: int,
    *,
    parts: int = 1,
    query_parts: int = 1,
    block: int = BLOCK,
) -> Found:
    """The k rows with the largest products with each query; all of them if there are fewer.

    Args:
        embeddings: (N, P·E): P vectors of each clip, one after the other; of unit length for cosines.
        queries: (Q, R·E): R vectors of each query.
        k: Rows to find, at least 1.
        parts: P; two sides are as similar as their two most similar vectors.
        query_parts: R.
        block: Bytes to read at a time.

    Raises:
        ValueError: The dimensions differ.
        NotFiniteError: A similarity is not a finite number.
    """
    widths = queries.shape[1] // query_parts, embeddings.shape[1] // parts
    if widths[0] != widths[1]:
        raise ValueError(f"queries of {widths[0]} dimensions, embeddings of {widths[1]}")
    width = max(embeddings.shape[1], parts * query_parts * len(queries))
    step = max(1, block // (4 * width))
    best = [(np.zeros(0, np.int64), np.zeros(0, np.float32)) for _ in queries]
    for start in range(0, len(embeddings), step):
        similarity = similarities(embeddings[start : start + step], queries, parts, query_parts)
        for query, of_block in enumerate(similarity):
            rows, values = best[query]
            floor = values[-1] if len(rows) == k else -np.inf  # of equals, the earlier row stays
            new = np.flatnonzero(of_block > floor)
            values = np.concatenate([values, of_block[new]])
            rows = np.concatenate([rows, start + new])
            chosen = top(values, k)  # earlier rows stand first
            best[query] = rows[chosen], values[chosen]
    found = min(k, len(embeddings))
    return Found(
        np.array([rows for rows, _ in best], np.int64).reshape(len(queries), found),
        np.array([values for _, values in best], np.float32).reshape(len(queries), found),
    )


def similarities(
    embeddings: NDArray[np.float32], queries: NDArray[np.float32], parts: int = 1, query_parts: int = 1
) -> NDArray[np.float32]:
    """(Q, N): how similar each row is to each query, as in :func:`search`; raises NotFiniteError."""
    count, rows = len(queries), len(embeddings)
    vectors = embeddings.reshape(rows * parts, -1)
    sought = queries.reshape(count * query_parts, -1)
    products = (vectors @ sought[0])[None] if len(sought) == 1 else sought @ vectors.T
    if parts * query_parts > 1:
        products = products.reshape(count, query_parts, rows, parts).max(axis=(1, 3))
    if not np.isfinite(products).all():
        raise NotFiniteError("similarities that are not finite numbers")
    found: NDArray[np.float32] = products
    return found


def top(values: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """The indices of the k largest values, largest first; of equals, the lower index first."""
    count = len(values)
    if count > k:
        least = np.partition(values, count - k)[count - k]
        above, equal = np.flatnonzero(values > least), np.flatnonzero(values == least)
        chosen = np.concatenate([above, equal[: k - len(above)]])
    else:
        chosen = np.arange(count)
    return chosen[np.lexsort((chosen, -values[chosen]))]
