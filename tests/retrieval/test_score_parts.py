"""Which pairs are judged, what the others get, and calibration."""

import numpy as np
import pytest

from mmtool.alignment.similarity.informative import CHANCE, chance_of_scores
from mmtool.alignment.similarity.log_odds import snippet_evidence
from mmtool.retrieval.calibration import calibrate
from mmtool.retrieval.extension import extended
from mmtool.retrieval.pairs import likely_pairs

SIMILARITY = np.array([[0.9, 0.1, 0.2], [0.3, 0.8, 0.7], [0.4, 0.2, 0.6], [0.1, 0.0, 0.5]])


def test_pairs_are_the_best_of_each_clip_and_of_each_snippet():
    # each clip's best: (0,0) (1,1) (2,2) (3,2); each snippet's best: (0,0) (1,1) (1,2)
    assert likely_pairs(SIMILARITY, 1).tolist() == [[0, 0], [1, 1], [1, 2], [2, 2], [3, 2]]
    timing = np.zeros((4, 3))
    timing[3, 0], timing[0, 2] = 0.01, 0.009
    assert [3, 0] in likely_pairs(SIMILARITY, 1, timing).tolist()
    assert [0, 2] not in likely_pairs(SIMILARITY, 1, timing).tolist()
    assert len(likely_pairs(SIMILARITY, 100)) == 12
    assert likely_pairs(np.zeros((0, 3)), 2).shape == (0, 2)


def test_other_pairs_follow_a_line_that_is_fitted_to_the_judged_ones():
    pairs = np.array([[0, 0], [1, 1], [2, 2]])
    log_odds = (10 * SIMILARITY[[0, 1, 2], [0, 1, 2]] - 5).astype(np.float32)
    found, judged = extended(SIMILARITY, pairs, log_odds)
    np.testing.assert_allclose(found, 10 * SIMILARITY - 5, atol=1e-5)
    assert np.argwhere(judged).tolist() == pairs.tolist()


def test_judged_pairs_keep_their_score_and_a_falling_line_is_not_followed():
    pairs = np.array([[0, 0], [1, 1], [3, 2]])
    log_odds = np.array([-2.0, -1.0, 4.0], np.float32)
    found, _ = extended(SIMILARITY, pairs, log_odds)
    assert found[[0, 1, 3], [0, 1, 2]].tolist() == log_odds.tolist()
    others = np.ones((4, 3), bool)
    others[[0, 1, 3], [0, 1, 2]] = False
    assert set(found[others].tolist()) == {-2.0}
    with pytest.raises(ValueError, match="no pair"):
        extended(SIMILARITY, np.zeros((0, 2), np.int64), np.zeros(0, np.float32))


def test_calibration_finds_the_temperature_and_the_bias_of_drawn_films():
    dice = np.random.default_rng(0)
    films = []
    for _ in range(12):
        odds = dice.normal(-3, 2, (40, 12))
        films.append(((odds - 1.0) * 3, dice.random(odds.shape) < 1 / (1 + np.exp(-odds))))
    found = calibrate(films)
    assert found.temperature == pytest.approx(3, rel=0.1)
    assert found.bias == pytest.approx(1, abs=0.3)
    assert found.after < found.before
    assert found.films == 12


def test_calibration_of_separable_films_is_finite_and_one_film_is_not_enough():
    truth = np.eye(4, dtype=bool)
    sure = np.where(truth, 2.0, -2.0), truth
    found = calibrate([sure, sure])
    assert np.isfinite(found.temperature)
    assert found.after < found.before
    with pytest.raises(ValueError, match="two annotated"):
        calibrate([sure, (np.zeros((2, 2)), np.zeros((2, 2), bool))])


def test_evidence_is_relative_to_the_other_snippets_and_bounded():
    found = snippet_evidence(np.array([[3.0, -3.0], [2.0, 2.0], [-30.0, -30.0], [60.0, -60.0]]))
    assert found.shape == (2, 4)
    assert found[0, 0] > 0 > found[1, 0]
    np.testing.assert_allclose(found[:, 1:3], 0, atol=1e-9)
    assert found[1, 3] == pytest.approx(np.log(0.05))
    assert found[0, 3] == pytest.approx(np.log(0.95 * 2 + 0.05))


def test_random_scores_are_no_better_than_chance_and_right_ones_are():
    dice = np.random.default_rng(0)
    labels = [None, 0, 0, 1, 2, 3, None]
    chances = [chance_of_scores([(dice.normal(size=(4, 7)), labels) for _ in range(6)]) for _ in range(40)]
    assert 0.2 < np.median(chances) < 0.8
    assert sum(chance <= CHANCE for chance in chances) <= 2
    right = np.array([[label == own for label in labels] for own in range(4)], float)
    assert chance_of_scores([(right, labels)] * 3) <= CHANCE
    assert chance_of_scores([(right, [None] * 7)]) == 1
