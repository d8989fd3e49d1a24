"""Exact search in blocks, against sorting everything; and the rules of reranking."""

import numpy as np
import pytest

from mmtool.choices import RetrievalScore
from mmtool.retrieval.rerank import by_similarity, reranked
from mmtool.retrieval.search import Found, search


def unit(rng: np.random.Generator, *shape: int) -> np.ndarray:
    values = rng.normal(size=shape).astype(np.float32)
    return values / np.linalg.norm(values, axis=-1, keepdims=True)


@pytest.mark.parametrize("queries", [1, 5])
@pytest.mark.parametrize("block", [100, 4 * 16 * 7, 1 << 25])
def test_search_equals_sorting_everything(queries, block):
    rng = np.random.default_rng(0)
    clips, texts = unit(rng, 103, 16), unit(rng, queries, 16)
    found = search(clips, texts, 10, block=block)
    everything = texts @ clips.T
    assert np.array_equal(found.rows, np.argsort(-everything, axis=1, kind="stable")[:, :10])
    assert np.allclose(found.similarity, np.take_along_axis(everything, found.rows, axis=1), atol=1e-6)


def test_the_block_does_not_matter_even_among_equals():
    clips = np.repeat(np.eye(2, dtype=np.float32), 20, axis=0)  # 20 equal rows, twice
    for block in (8, 100, 1 << 20):
        found = search(clips, np.eye(2, dtype=np.float32)[1:], 25, block=block)
        assert found.rows[0].tolist() == [*range(20, 40), 0, 1, 2, 3, 4]


def test_more_than_there_is_finds_all():
    rng = np.random.default_rng(1)
    found = search(unit(rng, 3, 4), unit(rng, 2, 4), 100)
    assert found.rows.shape == (2, 3)
    assert all(sorted(rows) == [0, 1, 2] for rows in found.rows.tolist())


def test_embeddings_may_be_memory_mapped(tmp_path):
    rng = np.random.default_rng(2)
    clips, texts = unit(rng, 50, 8), unit(rng, 1, 8)
    np.save(tmp_path / "clips.npy", clips)
    mapped = np.load(tmp_path / "clips.npy", mmap_mode="r")
    assert np.array_equal(search(mapped, texts, 5, block=64).rows, search(clips, texts, 5).rows)


def test_of_several_vectors_the_most_similar_counts():
    clips = np.array([[1, 0, 0, 1], [0.6, 0.8, 0.6, 0.8]], np.float32)  # two vectors of two dimensions each
    found = search(clips, np.array([[0, 1]], np.float32), 2, parts=2)
    assert found.rows.tolist() == [[0, 1]]
    assert found.similarity.tolist() == [[1, pytest.approx(0.8)]]


def test_a_query_may_have_several_vectors_too():
    rng = np.random.default_rng(4)
    clips, texts = unit(rng, 7, 3, 4), unit(rng, 5, 4)
    found = search(texts, clips.reshape(7, 12), 5, query_parts=3)
    expected = np.array([[max(vector @ text for vector in clip) for text in texts] for clip in clips])
    assert np.array_equal(found.rows, np.argsort(-expected, axis=1))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_is_refused(wrong):
    clips = np.array([[1, 0], [wrong, 0]], np.float32)
    with pytest.raises(ValueError, match="not finite"):
        search(clips, np.array([[1, 0]], np.float32), 1)
    with pytest.raises(ValueError, match="not finite"):
        reranked(FOUND, np.array([[0, wrong, 1]], np.float32), RetrievalScore.ITM)


def test_other_dimensions_are_refused():
    with pytest.raises(ValueError, match="3 dimensions"):
        search(np.zeros((2, 4), np.float32), np.zeros((1, 3), np.float32), 1)


FOUND = Found(np.array([[7, 2, 5]]), np.array([[0.9, 0.8, 0.1]], np.float32))
LOGIT = np.array([[-1, 0, 0.5]], np.float32)


@pytest.mark.parametrize(
    ("rule", "rows", "scores"),
    [
        (RetrievalScore.ITC, [7, 2, 5], [0.9, 0.8, 0.1]),
        (RetrievalScore.ITM, [5, 2, 7], [0.5, 0, -1]),
        (RetrievalScore.BOTH, [2, 5, 7], [0.8, 0.6, -0.1]),
    ],
)
def test_rules_of_reranking(rule, rows, scores):
    ranked = reranked(FOUND, LOGIT, rule)
    assert ranked.rows.tolist() == [rows]
    assert ranked.score[0] == pytest.approx(scores)
    assert ranked.similarity[0] == pytest.approx([{7: 0.9, 2: 0.8, 5: 0.1}[row] for row in rows])
    assert ranked.logit[0] == pytest.approx([{7: -1, 2: 0, 5: 0.5}[row] for row in rows])


def test_equal_scores_keep_the_order_of_the_dual_encoder():
    assert reranked(FOUND, np.zeros((1, 3), np.float32), RetrievalScore.ITM).rows.tolist() == [[7, 2, 5]]


def test_without_reranking_similarity_decides():
    ranked = by_similarity(FOUND)
    assert ranked.rows is FOUND.rows
    assert ranked.logit is None


@pytest.mark.parametrize("rule", list(RetrievalScore))
def test_reranking_all_equals_brute_force(rule):
    rng = np.random.default_rng(3)
    clips, texts, logits = unit(rng, 30, 8), unit(rng, 4, 8), rng.normal(size=(4, 30)).astype(np.float32)
    found = search(clips, texts, 1000)
    ranked = reranked(found, np.take_along_axis(logits, found.rows, axis=1), rule)
    cosine = texts @ clips.T
    full = {"itc": cosine, "itm": logits, "itm+itc": cosine + logits}[rule]
    assert np.array_equal(ranked.rows, np.argsort(-full, axis=1, kind="stable"))
