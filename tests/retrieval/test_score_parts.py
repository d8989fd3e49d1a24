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
        weights = np.concatenate([np.ones((40, 1)), np.exp(odds)], axis=1)
        drawn = [int(dice.choice(13, p=row / row.sum())) for row in weights]  # 0: the clip shows none
        films.append(((odds - 1.0) * 3, [number - 1 if number else None for number in drawn]))
    found = calibrate(films)
    assert found.temperature == pytest.approx(3, rel=0.1)
    assert found.bias == pytest.approx(1, abs=0.3)
    assert found.after < found.before
    assert found.films == 12


def test_the_loss_is_that_of_a_clip_that_shows_one_snippet_or_none():
    odds = np.log(np.array([[2.0, 1.0], [3.0, 6.0]]))  # none: 1, so that 2 is 2/4 and none of the second 1/10
    film = odds, [0, None]
    assert calibrate([film, film]).before == pytest.approx(-(np.log(2 / 4) + np.log(1 / 10)) / 2)


def test_calibration_of_separable_films_is_finite_and_one_film_is_not_enough():
    sure = np.where(np.eye(4, dtype=bool), 2.0, -2.0), [0, 1, 2, 3]
    found = calibrate([sure, sure])
    assert np.isfinite(found.temperature)
    assert found.after < found.before
    with pytest.raises(ValueError, match="two annotated"):
        calibrate([sure, (np.zeros((2, 2)), [None, None])])


def test_evidence_compares_each_snippet_with_none_and_with_the_average_clip():
    odds = np.array([[2.0, 1.0], [0.5, 0.5]])  # probabilities 2/4, 1/4 and none 1/4; 1/4, 1/4 and 1/2
    none, one = 3 / 8, 5 / 16  # average over both clips, for none and for each snippet

    def likelier(share: float, average: float) -> float:
        return float(np.log(0.95 * share / average + 0.05))

    found = snippet_evidence(np.log(odds))
    assert found.shape == (2, 2)
    assert found[0, 0] == pytest.approx(likelier(2 / 4, one) - likelier(1 / 4, none))
    assert found[1, 1] == pytest.approx(likelier(1 / 4, one) - likelier(1 / 2, none))


def test_clips_that_fit_alike_say_nothing_and_one_that_fits_none_speaks_against_all():
    np.testing.assert_allclose(snippet_evidence(np.full((3, 2), -4.0)), 0, atol=1e-9)
    found = snippet_evidence(np.array([[4.0, -4.0], [-4.0, 4.0], [-60.0, -60.0]]))
    assert found[0, 0] > 0 > found[1, 0]
    assert (found[:, 2] < -3).all()
    assert (found > -6).all()
    extreme = snippet_evidence(np.array([[800.0, -800.0], [-800.0, -800.0]]))
    assert np.isfinite(extreme).all()


def test_a_bias_of_all_log_odds_changes_the_evidence_little():
    odds = np.array([[1.0, -2.0], [-2.0, 1.0], [-3.0, -3.0]])
    np.testing.assert_allclose(snippet_evidence(odds - 3), snippet_evidence(odds - 4), atol=0.05)


def test_random_scores_are_no_better_than_chance_and_right_ones_are():
    dice = np.random.default_rng(0)
    labels = [None, 0, 0, 1, 2, 3, None]
    chances = [chance_of_scores([(dice.normal(size=(4, 7)), labels) for _ in range(6)]) for _ in range(40)]
    assert 0.2 < np.median(chances) < 0.8
    assert sum(chance <= CHANCE for chance in chances) <= 2
    right = np.array([[label == own for label in labels] for own in range(4)], float)
    assert chance_of_scores([(right, labels)] * 3) <= CHANCE
    assert chance_of_scores([(right, [None] * 7)]) == 1
