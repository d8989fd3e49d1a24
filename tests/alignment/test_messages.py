"""Scaled messages, drawn placements and convolutions, compared with enumeration."""

from dataclasses import replace

import numpy as np
import pytest

from mmtool.alignment.timing.convolution import Convolution
from mmtool.alignment.timing.draw import draw_placements
from mmtool.alignment.timing.lattice import forward_backward
from mmtool.alignment.timing.messages import Passes
from tests.support.placements import placements, small_lattice

CASES = [
    {"seed": 0},
    {"seed": 1, "drop": 0.3},
    {"seed": 2, "gain": True},
    {"seed": 3, "drop": 0.2, "gain": True},
    {"seed": 4, "edges": True},
    {"seed": 5, "drop": 0.6, "gain": True, "edges": True},
    {"seed": 6, "snippets": 1},
]


@pytest.mark.parametrize("case", CASES)
def test_evidence_and_posterior_are_sums_over_all_placements(case: dict):
    lattice = small_lattice(**case)
    evidence, starts, ends = np.zeros(2), *np.zeros((2, len(lattice.durations), len(lattice.boundary)))
    for rate, placed, value in placements(lattice):
        evidence[rate] += value
        for j, (start, end) in enumerate(placed):
            starts[j, start] += value
            ends[j, end] += value
    passes = Passes(lattice)
    messages = passes.forward()
    found = passes.backward(messages, evidence / evidence.sum())
    np.testing.assert_allclose(messages.evidence, np.log(evidence))
    np.testing.assert_allclose(passes.evidence()[:, 0], np.log(evidence))
    np.testing.assert_allclose(found[0], starts / evidence.sum(), atol=1e-12)
    np.testing.assert_allclose(found[1], ends / evidence.sum(), atol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_messages_agree_with_those_in_log_space(case: dict):
    lattice = small_lattice(**{**case, "snippets": 6, "times": 30})
    marginals, passes = forward_backward(lattice), Passes(lattice)
    messages = passes.forward()
    weights = np.exp(messages.evidence - marginals.log_probability)
    starts, ends = passes.backward(messages, weights)
    assert weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(starts, marginals.starts, atol=1e-10)
    np.testing.assert_allclose(ends, marginals.ends, atol=1e-10)


@pytest.mark.parametrize("case", CASES[:6])
def test_drawn_placements_have_the_frequencies_of_the_posterior(case: dict):
    lattice = small_lattice(**{**case, "snippets": 2, "times": 5})
    exact: dict[tuple, float] = {}
    for rate, placed, value in placements(lattice):
        if rate == 1:
            exact[placed] = exact.get(placed, 0.0) + value
    total, draws = sum(exact.values()), 20_000
    passes = Passes(lattice, [1])
    drawn = draw_placements(passes, passes.forward(), np.array([draws]), np.random.default_rng(0))
    counted: dict[tuple, int] = {}
    for placed in (tuple(map(tuple, rows)) for rows in drawn.tolist()):
        counted[placed] = counted.get(placed, 0) + 1
    assert set(counted) <= set(exact)
    for placed, value in exact.items():
        expected = value / total
        assert counted.get(placed, 0) / draws == pytest.approx(
            expected, abs=4 * (expected / draws) ** 0.5 + 1e-4
        )


def test_evidence_under_several_sets_of_cuts_is_that_of_each():
    lattice = small_lattice(5)
    others = np.random.default_rng(9).normal(size=(3, len(lattice.boundary)))
    together = Passes(lattice).evidence(others)

    alone = [Passes(replace(lattice, boundary=other)).evidence()[:, 0] for other in others]
    np.testing.assert_allclose(together, np.stack(alone, axis=1))
    single = Passes(lattice, None, np.float32).evidence(others)
    np.testing.assert_allclose(single, together, atol=1e-4)


@pytest.mark.parametrize(("times", "reach"), [(5, 3), (40, 7), (100, 60), (33, 33)])
def test_convolution_is_a_sum_over_steps(times: int, reach: int):
    rng = np.random.default_rng(times)
    scores, kernel, gain = rng.random((2, 3, times)), rng.random((2, reach)), rng.normal(size=times)
    forward, back = np.zeros_like(scores), np.zeros_like(scores)
    for x in range(times):
        for n in range(reach):
            if x - n >= 0:
                factor = kernel[:, n, None] * np.exp(gain[x] - gain[x - n])
                forward[:, :, x] += scores[:, :, x - n] * factor
                back[:, :, x - n] += scores[:, :, x] * factor
    np.testing.assert_allclose(Convolution(kernel)(scores, gain), forward)
    np.testing.assert_allclose(Convolution(kernel).back(scores, gain), back)
