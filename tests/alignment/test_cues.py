"""Times of the text itself: whether they fit the film, and which clips they are about."""

import itertools

import numpy as np
import pytest

from mmtool.alignment.cues.fitting import cue_times, fit_cues
from mmtool.alignment.cues.overlap import align_by_cues
from mmtool.alignment.timing.minimum_risk import UNMATCHED
from mmtool.records import Interval, Snippet

FILM = Interval(0.0, 100.0)


def clips(*cuts: float) -> list[Interval]:
    return [Interval(a, b) for a, b in itertools.pairwise(cuts)]


def test_times_that_are_missing_or_reversed_are_none():
    snippets = [Snippet("a", 1.0, 2.0), Snippet("b"), Snippet("c", 3.0, 3.0)]
    times = cue_times(snippets)
    assert times is not None
    np.testing.assert_array_equal(times, [[1, 2], [np.nan, np.nan], [np.nan, np.nan]])
    assert cue_times([Snippet("a"), Snippet("b")]) is None


@pytest.mark.parametrize(
    ("cues", "expected", "said"),
    [
        ([[1, 2], [90, 100.5]], [[1, 2], [90, 100.5]], ""),
        ([[3601, 3602], [3690, 3700]], [[1, 2], [90, 100]], "1:00:00"),
        ([[25, 50], [75, 104]], [[24, 48], [72, 99.84]], "25 against 24"),
        ([[1, 2], [5, 6], [150, 160]], [[1, 2], [5, 6], [150, 160]], "1 cue lies outside"),
        ([[1, 2], [140, 145], [150, 160]], None, ""),
    ],
)
def test_cues_fit_the_film_or_not(cues, expected, said):
    found = fit_cues(np.array(cues, dtype=float), FILM)
    if expected is None:
        assert found is None
        return
    assert found is not None
    np.testing.assert_allclose(found.times, expected)
    assert (said in found.note) if said else not found.note


def test_each_clip_has_the_cue_that_overlaps_it_most():
    cues = np.array([[1.5, 4.0], [6.2, 7.0], [9.0, 9.9], [9.9, 12.0]])
    found = align_by_cues(clips(0, 1.4, 3, 6, 8, 10, 20, 30), cues)
    assert found.labels.tolist() == [UNMATCHED, 0, 0, 1, 2, 3, UNMATCHED]
    assert not found.shared
    assert found.clip_confidence[[0, 1, 6]].tolist() == pytest.approx([1, 1, 1], abs=0.05)


def test_cues_in_one_clip_share_it():
    cues = np.array([[1.0, 2.0], [2.0, 4.0], [4.0, 4.8]])
    found = align_by_cues(clips(0, 10, 20), cues)
    assert found.matches == ((0, 1), (0, 0), (0, 2))
    assert (found.snippet_confidence > 0.8).all()


def test_a_cue_that_hardly_reaches_into_a_long_clip_leaves_it_free():
    found = align_by_cues(clips(0, 10, 60), np.array([[5.0, 10.5]]))
    assert found.labels.tolist() == [0, UNMATCHED]


@pytest.mark.parametrize("seed", range(3))
def test_exact_times_are_reproduced_to_the_clip(seed):
    """1,500 cues of a film of two hours, which begin and end at cuts."""
    rng = np.random.default_rng(seed)
    cuts = np.concatenate([[0.0], np.cumsum(rng.uniform(0.8, 6.0, 2200))])
    first = np.sort(rng.choice(2100, 1500, replace=False))
    until = np.minimum(first + rng.integers(1, 3, 1500), np.append(first[1:], 2200))
    found = align_by_cues(clips(*cuts), np.stack([cuts[first], cuts[until]], axis=1))
    expected = np.full(2200, UNMATCHED)
    for snippet, (a, b) in enumerate(zip(first, until, strict=True)):
        expected[a:b] = snippet
    np.testing.assert_array_equal(found.labels, expected)
