"""All placements of a small lattice, one by one: the oracle of inference by messages."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from mmtool.alignment.timing.lattice import Lattice

Placed = tuple[tuple[int, int], ...]


def small_lattice(
    seed: int,
    *,
    snippets: int = 3,
    times: int = 7,
    drop: float = 0.0,
    gain: bool = False,
    edges: bool = False,
) -> Lattice:
    """A lattice of random scores with two rates."""
    rng = np.random.default_rng(seed)

    def density(rows: int, reach: int) -> np.ndarray:
        kernel = rng.random((rows, reach)) + 0.05
        kernel[:, 0] = 0.0
        return kernel / kernel.sum(axis=1, keepdims=True)

    return Lattice(
        durations=[density(2, int(rng.integers(3, 5))) for _ in range(snippets)],
        gap=density(1, 3)[0],
        gap_probability=rng.random(snippets - 1) * 0.5,
        drop_probability=drop * rng.random(snippets) if edges else drop,
        boundary=rng.normal(size=times),
        head=rng.normal(size=times),
        tail=rng.normal(size=times),
        rates=np.log([0.3, 0.7]),
        gain=np.cumsum(rng.normal(size=(snippets, times)), axis=1) if gain else None,
        starts=_edge_scores(rng, snippets, times) if edges else None,
        ends=_edge_scores(rng, snippets, times) if edges else None,
    )


def _edge_scores(rng: np.random.Generator, snippets: int, times: int) -> np.ndarray:
    """Random scores; the first snippet cannot have its edge at one of the times."""
    scores = rng.normal(size=(snippets, times))
    scores[0, times // 2] = -np.inf
    return scores


def placements(lattice: Lattice) -> Iterator[tuple[int, Placed, float]]:
    """Every rate, placement and probability (not normalised); a sum where a gap is written in two ways."""
    times, snippets = len(lattice.boundary), len(lattice.durations)
    boundary, head, tail = (np.exp(s) for s in (lattice.boundary, lattice.head, lattice.tail))
    intervals = [(a, b) for a, b in product(range(times), repeat=2) if a <= b]
    for rate, prior in enumerate(np.exp(lattice.rates)):
        for placed in product(intervals, repeat=snippets):
            value = prior * head[placed[0][0]] * boundary[placed[0][0]] * tail[placed[-1][1]]
            for j, (start, end) in enumerate(placed):
                value *= _spoken(lattice, rate, j, start, end, boundary)
                if j + 1 < snippets:
                    value *= _between(lattice, j, end, placed[j + 1][0], boundary)
            if value:
                yield rate, placed, float(value)


def _spoken(lattice: Lattice, rate: int, j: int, start: int, end: int, boundary: np.ndarray) -> float:
    edges = float(np.exp(lattice.start_of(j) + np.zeros(len(boundary)))[start])
    edges *= float(np.exp(lattice.end_of(j) + np.zeros(len(boundary)))[end])
    if start == end:
        return lattice.drop_of(j) * edges
    kernel = lattice.durations[j][rate]
    if end - start >= len(kernel):
        return 0.0
    gain = 1.0 if lattice.gain is None else float(np.exp(lattice.gain[j][end] - lattice.gain[j][start]))
    spoken = float((1 - lattice.drop_of(j)) * kernel[end - start] * boundary[end])
    return spoken * gain * edges


def _between(lattice: Lattice, j: int, end: int, start: int, boundary: np.ndarray) -> float:
    some = float(lattice.gap_probability[j])
    if start == end:
        return 1 - some
    if not 0 < start - end < len(lattice.gap):
        return 0.0
    return some * float(lattice.gap[start - end] * boundary[start])
