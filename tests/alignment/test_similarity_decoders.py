"""Decoders of a similarity matrix: exact against brute force over all alignments, plain cases by hand."""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from mmtool.alignment.similarity.confidence import confidence
from mmtool.alignment.similarity.dtw import costs, dtw, warp
from mmtool.alignment.similarity.monotone import monotone
from mmtool.alignment.similarity.otam import otam
from mmtool.features.similarity import cosine_similarity, standardised

SIZES = list(itertools.product(range(1, 6), range(1, 6)))
Pairs = tuple[tuple[int, int], ...]


def random_similarity(snippets: int, clips: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, snippets, clips]).normal(size=(snippets, clips))


def paths(rows: int, columns: int, i: int = 0, j: int = 0) -> Iterator[Pairs]:
    """Every warping path from (i, j) to the last cell, as (row, column) pairs."""
    if (i, j) == (rows - 1, columns - 1):
        yield ((i, j),)
    for a, b in ((i, j + 1), (i + 1, j), (i + 1, j + 1)):
        if a < rows and b < columns:
            yield from (((i, j), *rest) for rest in paths(rows, columns, a, b))


@pytest.mark.parametrize(("snippets", "clips"), SIZES)
def test_dtw_is_the_cheapest_of_all_paths(snippets, clips):
    similarity = random_similarity(snippets, clips)
    missing = similarity.max() - similarity
    every = {path: sum(missing[cell] for cell in path) for path in paths(snippets, clips)}
    path, cost = warp(missing)
    assert cost == pytest.approx(min(every.values()))
    assert every[tuple(map(tuple, path.tolist()))] == pytest.approx(cost)
    assert dtw(similarity) == tuple((clip, snippet) for snippet, clip in path.tolist())


@pytest.mark.parametrize(("snippets", "clips"), SIZES)
def test_dtw_of_the_transposed_is_the_transposed(snippets, clips):
    similarity = random_similarity(snippets, clips)
    assert sorted(dtw(similarity.T)) == sorted((snippet, clip) for clip, snippet in dtw(similarity))


@pytest.mark.parametrize(("snippets", "clips"), SIZES)
def test_otam_is_the_cheapest_stretch_of_all(snippets, clips):
    """Of all first and last clips, and all warping paths between them."""
    missing = costs(random_similarity(snippets, clips))
    every = {}
    for first in range(clips):
        for last in range(first, clips):
            for path in paths(snippets, last - first + 1):
                cells = [(first + j, i) for i, j in path]
                every[tuple(cells)] = sum(missing[i, j] for j, i in cells)
    found = otam(random_similarity(snippets, clips))
    assert every[found] == pytest.approx(min(every.values()))


@pytest.mark.parametrize(("snippets", "clips"), SIZES)
def test_monotone_is_the_best_of_all_labellings(snippets, clips):
    similarity = random_similarity(snippets, clips)
    rng = np.random.default_rng([1, snippets, clips])
    unmatched, unused = rng.normal(0, 0.5, clips), rng.uniform(-0.5, 1.5, snippets)

    def worth(labels: tuple[int, ...]) -> float:
        scores = [unmatched[j] if label < 0 else similarity[label, j] for j, label in enumerate(labels)]
        return sum(scores) - sum(unused[i] for i in range(snippets) if i not in labels)

    every = {}
    for labels in itertools.product(range(-1, snippets), repeat=clips):
        matched = [label for label in labels if label >= 0]
        if matched == sorted(matched):
            every[labels] = worth(labels)
    found = monotone(similarity, unmatched=unmatched, unused=unused)
    labels = dict(found.matches)
    assert found.score == pytest.approx(max(every.values()))
    assert every[tuple(labels.get(clip, -1) for clip in range(clips))] == pytest.approx(found.score)
    assert len(labels) == len(found.matches)


DIAGONAL = tuple((i, i) for i in range(5))


def test_the_identity_gives_the_diagonal():
    assert dtw(np.eye(5)) == DIAGONAL
    assert otam(np.eye(5)) == DIAGONAL
    assert monotone(np.eye(5)).matches == DIAGONAL
    assert dtw(standardised(np.eye(5))) == DIAGONAL


def test_each_decoder_treats_head_tail_and_surplus_as_it_says():
    """Clips 0 and 5 are like nothing, 1 and 2 like the first snippet, 4 like the third; 3 like none."""
    similarity = np.full((3, 6), -1.0)
    similarity[0, [1, 2]] = similarity[2, 4] = 1.0
    assert monotone(similarity).matches == ((1, 0), (2, 0), (4, 2))
    assert {clip for clip, _ in dtw(similarity)} == set(range(6))
    assert {snippet for _, snippet in dtw(similarity)} == {0, 1, 2}
    assert otam(similarity) == ((2, 0), (3, 1), (4, 2))
    assert monotone(similarity, unused=5.0).matches == ((1, 0), (2, 0), (3, 1), (4, 2))
    assert monotone(similarity, unmatched=2.0).matches == ()


def test_more_snippets_than_clips_share_them():
    assert dtw(np.zeros((3, 1))) == ((0, 0), (0, 1), (0, 2))
    assert otam(np.zeros((3, 1))) == ((0, 0), (0, 1), (0, 2))
    assert monotone(np.array([[1.0], [3.0], [2.0]])).matches == ((0, 1),)


def test_cosine_similarity_by_hand():
    snippets = np.array([[2, 0], [0, 0]], dtype=np.float32)
    clips = np.array([[1, 0], [0, 3], [-1, 0], [3, 4]], dtype=np.float32)
    np.testing.assert_allclose(cosine_similarity(snippets, clips), [[1, 0, -1, 0.6], [0, 0, 0, 0]])
    with pytest.raises(ValueError, match="2 dimensions cannot be compared with 3"):
        cosine_similarity(snippets, np.zeros((1, 3), np.float32))


def test_standardising_removes_what_a_clip_or_a_snippet_has_with_all():
    similarity = random_similarity(4, 6)
    shifted = 0.2 + 0.05 * similarity + np.arange(4)[:, None] - 2 * np.arange(6)
    plain = standardised(similarity)
    np.testing.assert_allclose(standardised(shifted), plain)
    np.testing.assert_allclose(plain.sum(axis=0), 0, atol=1e-12)
    assert plain.std() == pytest.approx(1)
    assert not standardised(np.full((4, 6), 0.3)).any()
    np.testing.assert_allclose(standardised(np.array([[1.0, 2.0, 3.0]]))[0], [-(1.5**0.5), 0, 1.5**0.5])
    assert standardised(np.ones((1, 1))).tolist() == [[0.0]]


def test_confidence_by_hand():
    """Odds of 3 : 1 between two snippets at the first clip, of 1 : 1 : 2 with nothing at the second."""
    similarity = np.log([[3.0, 1.0], [1.0, 1.0]])
    clips, snippets = confidence(similarity, [(0, 0), (1, 0)], unmatched=None)
    np.testing.assert_allclose(clips, [3 / 4, 1 / 2])
    np.testing.assert_allclose(snippets, [(3 / 4 + 1 / 2) / 2, 1 - 1 / 2])
    clips, _ = confidence(similarity, [(0, 0)], unmatched=np.log(2))
    np.testing.assert_allclose(clips, [3 / 6, 2 / 4])
    shared, _ = confidence(similarity, [(0, 0), (0, 1)], unmatched=None)
    assert shared[0] == pytest.approx(1)
