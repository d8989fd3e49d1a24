"""Ranks, recalls and their intervals, on cases that are checked by hand."""

import numpy as np
import pytest

from mmtool.evaluation.retrieval import first_ranks, measure, reranked_ranks

SIMILARITY = np.array([[0.9, 0.5, 0.1, 0.3], [0.2, 0.2, 0.2, 0.2]], np.float32)
POSITIVE = np.array([[False, False, True, True], [True, False, False, False]])


def test_the_first_of_several_positives_counts():
    assert first_ranks(SIMILARITY[:1], POSITIVE[:1]).tolist() == [3]  # 0.9 and 0.5 come before 0.3


def test_of_equal_scores_the_earlier_row_comes_first():
    """Scores that say nothing find one in N: they get no more credit than chance."""
    found = first_ranks(np.zeros((4, 4), np.float32), np.eye(4, dtype=bool))
    assert found.tolist() == [1, 2, 3, 4]


def test_reranking_one_candidate_changes_nothing_even_among_equals():
    similarity = np.array([[0.5, 0.9, 0.9, 0.9]], np.float32)
    positive = np.array([[False, False, True, False]])
    assert first_ranks(similarity, positive).tolist() == [2]
    assert reranked_ranks(similarity, positive, np.array([[1]]), np.array([[-3.0]])).tolist() == [2]


def test_a_positive_among_the_candidates_has_its_place_there():
    candidates = np.array([[0, 1, 3]])
    assert reranked_ranks(SIMILARITY[:1], POSITIVE[:1], candidates, np.array([[0, 1, 5.0]])).tolist() == [1]
    assert reranked_ranks(SIMILARITY[:1], POSITIVE[:1], candidates, np.array([[9, 1, 5.0]])).tolist() == [2]


def test_what_is_not_a_candidate_comes_after_them_in_the_order_of_similarity():
    positive = np.array([[False, False, True, False]])
    ranks = reranked_ranks(SIMILARITY[:1], positive, np.array([[0, 1]]), np.array([[-50.0, -60.0]]))
    assert ranks.tolist() == [4]  # after 0, 1 and then 3


def test_reranking_everything_is_ranking_by_the_score():
    rng = np.random.default_rng(0)
    similarity, score = rng.normal(size=(2, 6, 9)).astype(np.float32)
    positive = rng.random((6, 9)) < 0.3
    positive[:, 0] = True
    candidates = np.argsort(-similarity, axis=1)
    after = reranked_ranks(similarity, positive, candidates, np.take_along_axis(score, candidates, axis=1))
    assert np.array_equal(after, first_ranks(score, positive))


def test_ranks_equal_a_literal_walk_down_the_list():
    rng = np.random.default_rng(1)
    similarity, positive = rng.normal(size=(20, 12)).astype(np.float32), rng.random((20, 12)) < 0.2
    positive[:, 3] = True
    candidates = np.argsort(-similarity, axis=1)[:, :5]
    score = rng.normal(size=(20, 5)).astype(np.float32)
    for query, rank in enumerate(reranked_ranks(similarity, positive, candidates, score)):
        inside = [candidates[query][i] for i in np.argsort(-score[query])]
        order = inside + [row for row in np.argsort(-similarity[query]) if row not in inside]
        assert rank == 1 + next(i for i, row in enumerate(order) if positive[query, row])


def test_a_query_without_positives_and_nan_are_refused():
    with pytest.raises(ValueError, match="without positives"):
        first_ranks(SIMILARITY, np.zeros_like(POSITIVE))
    with pytest.raises(ValueError, match="not finite"):
        first_ranks(SIMILARITY * np.nan, POSITIVE)
    with pytest.raises(ValueError, match="not finite"):
        reranked_ranks(SIMILARITY[:1], POSITIVE[:1], np.array([[0, 1]]), np.array([[0, np.nan]]))


def test_measures_by_hand():
    texts = {"a": np.array([1, 2, 7]), "b": np.array([1])}
    clips = {"a": np.array([1, 20]), "b": np.array([3, 4])}
    found = measure(texts, clips)
    assert found.texts.queries == found.clips.queries == 4
    assert [found.texts.recall[k].value for k in (1, 5, 10)] == [0.5, 0.75, 1.0]
    assert [found.clips.recall[k].value for k in (1, 5, 10)] == [0.25, 0.75, 0.75]
    assert (found.texts.median_rank.value, found.clips.median_rank.value) == (1.5, 3.5)
    assert found.mean_recall.value == pytest.approx((0.5 + 0.75 + 1 + 0.25 + 0.75 + 0.75) / 6)


def test_intervals_come_from_drawing_videos():
    texts = {"a": np.array([1, 1, 1]), "b": np.array([9])}
    recall = measure(texts, {}).texts.recall[1]
    assert (recall.value, recall.low, recall.high) == (0.75, 0.0, 1.0)  # aa, ab, bb: 1, 3/4, 0
    one = measure({"a": np.array([1, 9])}, {}).texts.recall[1]
    assert (one.value, one.low, one.high) == (0.5, 0.5, 0.5)


def test_a_direction_without_queries_is_unknown():
    found = measure({"a": np.array([1])}, {})
    assert np.isnan(found.clips.recall[1].value)
    assert np.isnan(found.mean_recall.value)
