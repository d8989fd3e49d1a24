"""Hypotheses on one small film, worked out as one lattice, are what they are one by one."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from mmtool.alignment.timing import hypotheses as h
from mmtool.alignment.timing.cut_test import _attractions
from mmtool.alignment.timing.messages import Passes, is_small
from mmtool.alignment.timing.mixture import _film, _hypotheses
from mmtool.alignment.timing.parameters import TimingParameters
from mmtool.alignment.timing.placement import place, rate_evidence, that_count
from mmtool.alignment.timing.stack import merged, rate_evidences, stacked
from mmtool.records import Interval

CUTS = [0.0, 2.5, 3.0, 6.0, 9.5, 11.0]
TEXTS = ["A man walks into the house.", "He finds nobody, and leaves.", "The end."]


def hypotheses(cuts=CUTS, texts=TEXTS):
    clips = [Interval(a, b) for a, b in pairwise(cuts)]
    return _hypotheses(_film(clips, texts, "en"), TimingParameters(), "", -np.inf, h.Extent(), None)


def test_the_evidence_of_a_stack_is_that_of_each_hypothesis():
    found = hypotheses()
    assert all(is_small(one.lattice) for one in found.values())
    together = rate_evidences(found)
    for name, one in found.items():
        np.testing.assert_allclose(together[name], rate_evidence(one), rtol=1e-10)


def test_a_stack_places_the_text_as_its_hypotheses_do_one_by_one():
    found = hypotheses()
    evidence = rate_evidences(found)
    weights = dict(zip(found, (0.3, 0.1, 0.2, 0.15, 0.25), strict=True))
    (whole, logs, weight), *alone = merged(found, evidence, weights)
    assert not alone
    assert weight == pytest.approx(1)
    rng = np.random.default_rng(0)
    placed = place(whole, logs, 3000, rng)
    exact = sum(
        weights[name] * place(one, that_count(evidence[name]), 0, rng).posterior
        for name, one in found.items()
    )
    np.testing.assert_allclose(placed.posterior, exact, atol=1e-10)
    seen = sum(weights[name] * (1 - one.unseen) for name, one in found.items())
    inside = (placed.first[:, :, None] <= np.arange(5)) & (np.arange(5) < placed.end[:, :, None])
    np.testing.assert_allclose(seen * inside.mean(axis=0), exact, atol=0.05)


def test_large_films_and_films_with_evidence_of_single_snippets_are_not_stacked():
    found = hypotheses()
    evidence = rate_evidences(found)
    steps = found[h.CUTS].lattice.boundary
    told = {
        name: replace(one, lattice=replace(one.lattice, starts=np.zeros((3, len(steps)))))
        for name, one in found.items()
    }
    weights = dict.fromkeys(found, 0.2)
    assert len(merged(told, evidence, weights)) == len(found)
    long = hypotheses([0.0, *np.arange(2.0, 900.0, 3.0)], TEXTS * 10)
    assert len(merged(long, dict.fromkeys(long, np.zeros(1)), weights)) == len(found)


def test_a_stack_of_one_lattice_is_that_lattice():
    lattice = hypotheses()[h.CUTS].lattice
    alone = Passes(lattice).evidence()
    np.testing.assert_allclose(Passes(stacked([lattice])).evidence(), alone, rtol=1e-12)


def test_the_attraction_of_many_orders_of_the_clips_is_that_of_each():
    rng = np.random.default_rng(1)
    grid = np.linspace(3.0, 14.0, 45)
    ends = 3.0 + np.cumsum([rng.permutation(np.diff(CUTS)) for _ in range(4)], axis=1)
    expected = [h.attraction(np.concatenate([[3.0], row]), grid) for row in ends]
    np.testing.assert_allclose(_attractions(ends, grid), expected, atol=1e-9)
