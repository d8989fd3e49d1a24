"""G, O and OGR by hand."""

import numpy as np
import pytest

from mmtool.evaluation.overfitting import overfitting


def test_gains_and_their_ratio_by_hand():
    """Training falls by 1.0, 1.5; validation by 0.5, 0.25; then training falls on and validation rises."""
    found = overfitting(np.array([2.0, 1.0, 0.5, 0.0]), np.array([2.0, 1.5, 1.75, 3.0]))
    assert found.generalisation == pytest.approx([0, 0.5, 0.25, -1.0])
    assert found.overfitting == pytest.approx([0, 0.5, 1.25, 3.0])
    assert found.ratio[1:] == pytest.approx([1.0, 5.0, 3.0])
    assert np.isnan(found.ratio[0])


def test_the_overfitting_is_the_growth_of_the_gap():
    """O = gap(N) − gap(0), where the gap is validation minus training."""
    dice = np.random.default_rng(0)
    train, validation = dice.random((2, 9))
    gap = validation - train
    found = overfitting(train, validation)
    assert found.overfitting == pytest.approx(gap - gap[0])
    assert found.ratio[1:] == pytest.approx(np.abs((gap - gap[0])[1:] / (validation[0] - validation[1:])))


def test_steps_between_checkpoints_add_up():
    train, validation = np.array([3.0, 2.0, 1.8]), np.array([3.1, 2.9, 2.7])
    whole = overfitting(train, validation)
    parts = [overfitting(train[k : k + 2], validation[k : k + 2]) for k in range(2)]
    assert whole.generalisation[2] == pytest.approx(sum(part.generalisation[1] for part in parts))
    assert whole.overfitting[2] == pytest.approx(sum(part.overfitting[1] for part in parts))


def test_nothing_gained_has_no_ratio():
    assert np.isnan(overfitting(np.array([1.0, 0.5]), np.array([1.0, 1.0])).ratio).all()
