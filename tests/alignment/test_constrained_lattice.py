"""Pins and cues on the lattice: the posterior equals brute force over all placements."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from test_semi_markov import placements, random_lattice  # type: ignore[import-not-found]

from mmtool.alignment.timing.constrained import GridEvidence, constrained, grid_windows
from mmtool.alignment.timing.lattice import forward_backward
from mmtool.alignment.timing.messages import Passes, possible_times
from mmtool.alignment.timing.viterbi import viterbi
from mmtool.constraints import Constraints

SIZES = list(itertools.product(range(1, 5), range(4, 6)))


def pinned(snippets: int, cells: int) -> Constraints:
    """The last snippet starts at the middle of the grid, or earlier; the first one ends by then."""
    found = Constraints.none(snippets)
    found.start[-1] = cells // 2
    found.pinned[-1] = True
    return found


@pytest.mark.parametrize("with_cues", [False, True])
@pytest.mark.parametrize(("snippets", "cells"), [size for size in SIZES if size[0] <= size[1] // 2])
def test_the_posterior_with_pins_and_cues_equals_brute_force(snippets, cells, with_cues):
    grid = np.arange(cells + 1.0)
    cues = np.full((snippets, 2), np.nan)
    if with_cues:
        cues[0] = 1.2, 2.4
    evidence = GridEvidence(constraints=pinned(snippets, cells), cues=cues)
    lattice = constrained(random_lattice(snippets, cells, seed=snippets * cells), evidence, grid)
    assert lattice.starts is not None
    assert lattice.ends is not None
    plain = replace(lattice, starts=None, ends=None)
    with np.errstate(divide="ignore"):
        every = [
            (
                placed,
                score + sum(lattice.starts[j, s] + lattice.ends[j, e] for j, (s, e) in enumerate(placed)),
            )
            for placed, score in placements(plain)
        ]
    scores = np.array([score for _, score in every])
    weights = np.exp(scores)
    starts, ends = np.zeros((snippets, cells + 1)), np.zeros((snippets, cells + 1))
    for (placed, _), weight in zip(every, weights, strict=True):
        for j, (start, end) in enumerate(placed):
            starts[j, start] += weight
            ends[j, end] += weight
    total = weights.sum()
    assert starts[-1, cells // 2] == pytest.approx(total)  # the pin is kept

    found = forward_backward(lattice)
    assert found.log_probability == pytest.approx(np.log(total))
    np.testing.assert_allclose(found.starts, starts / total, atol=1e-12)
    np.testing.assert_allclose(found.ends, ends / total, atol=1e-12)

    passes = Passes(lattice)
    messages = passes.forward()
    rates = np.exp(messages.evidence - np.log(total))
    assert rates.sum() == pytest.approx(1)
    for ours, theirs in zip(passes.backward(messages, rates), (starts, ends), strict=True):
        np.testing.assert_allclose(ours, theirs / total, atol=1e-9)

    path, score = viterbi(lattice)
    assert score == pytest.approx(scores.max())
    assert tuple(map(tuple, path)) == every[int(scores.argmax())][0]


def test_times_that_pins_exclude_are_not_worked_on():
    scores = np.zeros((3, 6))
    scores[1, :2] = scores[1, 4:] = -np.inf
    assert possible_times(None) is None
    assert possible_times(np.zeros((3, 6))) is None
    assert possible_times(scores).tolist() == [[0, 6], [2, 4], [0, 6]]


def test_lattices_over_one_grid_share_what_pins_say():
    grid = np.arange(6.0)
    evidence = GridEvidence(constraints=pinned(2, 5), cues=np.array([[1.2, 2.4], [np.nan, 4.0]]))
    first, second = (random_lattice(2, 5, seed=seed) for seed in (1, 2))
    shared = constrained(second, evidence, grid, constrained(first, evidence, grid))
    alone = constrained(second, evidence, grid)
    np.testing.assert_array_equal(shared.starts, alone.starts)
    np.testing.assert_array_equal(shared.ends, alone.ends)
    assert Passes(shared).evidence() == pytest.approx(Passes(alone).evidence())


def test_times_are_rounded_to_the_grid_in_their_order():
    """Three snippets pinned within one step each get a step; the free one before them makes room."""
    constraints = Constraints.none(4)
    for j, (start, end) in enumerate([(4.0, 4.1), (4.1, 4.2), (4.2, 4.4)], start=1):
        constraints.start[j], constraints.end[j] = start, end
    windows = grid_windows(constraints, np.arange(11.0))
    assert windows.tolist() == [
        [[0, 3], [1, 4]],
        [[4, 4], [5, 5]],
        [[5, 5], [6, 6]],
        [[6, 6], [7, 7]],
    ]


def test_pins_at_the_end_leave_room_for_what_follows():
    constraints = Constraints.none(3)
    constraints.start[0] = 10.0
    assert grid_windows(constraints, np.arange(11.0))[:, 0].tolist() == [[7, 7], [8, 8], [9, 9]]
