"""Labels of the greatest expected overlap, compared with all labellings."""

from itertools import combinations_with_replacement

import numpy as np
import pytest

from mmtool.alignment.timing.expected_overlap import DrawnPlacements, expected_iou, greatest_overlap
from mmtool.alignment.timing.minimum_risk import UNMATCHED


def drawn(seed: int, *, clips: int = 6, snippets: int = 2, draws: int = 5) -> DrawnPlacements:
    rng = np.random.default_rng(seed)
    bounds = np.sort(rng.integers(0, clips + 1, (draws, 2 * snippets)), axis=1)
    times = np.concatenate([[0.0], np.cumsum(rng.random(clips) + 0.2)])
    return DrawnPlacements(first=bounds[:, 0::2], end=bounds[:, 1::2], times=times)


def all_labels(clips: int, snippets: int):
    for bounds in combinations_with_replacement(range(clips + 1), 2 * snippets):
        labels = np.full(clips, UNMATCHED)
        for j in range(snippets):
            labels[bounds[2 * j] : bounds[2 * j + 1]] = j
        yield labels


def value(placed: DrawnPlacements, labels: np.ndarray, weight: float) -> float:
    ious, right = [], 0.0
    for first, end in zip(placed.first, placed.end, strict=True):
        for j in range(placed.first.shape[1]):
            own, theirs = labels == j, np.zeros(len(labels), bool)
            theirs[first[j] : end[j]] = True
            union = placed.durations[own | theirs].sum()
            ious.append(placed.durations[own & theirs].sum() / union if union else 0.0)
            right += placed.durations[own & theirs].sum()
        covered = np.zeros(len(labels), bool)
        for a, b in zip(first, end, strict=True):
            covered[a:b] = True
        right += placed.durations[(labels == UNMATCHED) & ~covered].sum()
    return float(np.mean(ious) + weight * right / len(placed.first) / placed.durations.sum())


@pytest.mark.parametrize("seed", range(8))
def test_no_labels_are_expected_to_overlap_more(seed: int):
    placed = drawn(seed)
    labels = greatest_overlap(placed, placed.posterior(), 0.0)
    best = max(value(placed, other, 0.0) for other in all_labels(6, 2))
    assert value(placed, labels, 0.0) == pytest.approx(best)
    assert expected_iou(placed, labels).mean() == pytest.approx(value(placed, labels, 0.0))


@pytest.mark.parametrize("seed", range(8))
def test_the_weight_of_accuracy_trades_overlap_for_accuracy(seed: int):
    placed = drawn(seed)
    posterior = placed.posterior()
    overlap, accurate = greatest_overlap(placed, posterior, 0.0), greatest_overlap(placed, posterior, 3.0)
    assert value(placed, accurate, 3.0) >= value(placed, overlap, 3.0) - 1e-9
    best = max(value(placed, other, 3.0) for other in all_labels(6, 2))
    assert value(placed, accurate, 3.0) >= 0.97 * best  # intervals end where drawn ones do


def test_certain_placements_are_returned():
    placed = DrawnPlacements(
        first=np.array([[1, 3]] * 4), end=np.array([[3, 5]] * 4), times=np.arange(7, dtype=np.float64)
    )
    labels = greatest_overlap(placed, placed.posterior(), 0.1)
    np.testing.assert_array_equal(labels, [UNMATCHED, 0, 0, 1, 1, UNMATCHED])
    np.testing.assert_allclose(expected_iou(placed, labels), 1)
