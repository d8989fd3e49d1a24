"""Random projection and normalisation, against numbers computed by hand."""

import numpy as np
import pytest

from mmtool.features.projection import (
    FeatureTransform,
    Standardiser,
    achlioptas_signs,
    fit_balance,
    fit_transform,
)


def normal(rows, dimension, seed=0):
    return np.random.default_rng(seed).standard_normal((rows, dimension)).astype(np.float32)


def test_signs_have_the_frequencies_of_equation_13():
    signs = achlioptas_signs(dimension=1000, projected=300, seed=0)
    assert signs.shape == (300, 1000)
    shares = [(signs == value).mean() for value in (-1, 0, 1)]
    assert shares == pytest.approx([1 / 6, 2 / 3, 1 / 6], abs=0.003)  # 4 deviations of 300 000 draws


def test_one_seed_is_one_matrix_and_another_seed_another():
    first, again, other = (achlioptas_signs(dimension=20, projected=10, seed=seed) for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_standardiser_pools_arrays_of_any_length():
    """1, 3, 5, 7 have mean 4 and variance (9 + 1 + 1 + 9) / 4 = 5."""
    fitted = Standardiser.fit([np.array([[1.0]]), np.array([[3.0], [5.0], [7.0]])])
    assert fitted.mean == pytest.approx([4])
    assert fitted.scale == pytest.approx([5**0.5])
    assert fitted.apply(np.array([[4 + 5**0.5]])) == pytest.approx(1)


def test_standardiser_keeps_digits_of_a_small_variance_beside_a_large_mean():
    rows = 1e6 + np.array([[0.0], [0.5], [1.0]])
    fitted = Standardiser.fit([rows[:2], rows[2:]])
    assert fitted.scale == pytest.approx([(1 / 6) ** 0.5], rel=1e-9)


@pytest.mark.parametrize("constant", [0.0, 7.0, 0.1, -1e9])
def test_a_constant_dimension_is_only_centred(constant):
    fitted = Standardiser.fit([np.full((3, 1), constant), np.full((4, 1), constant)])
    assert fitted.scale.tolist() == [1]
    assert fitted.apply(np.array([[constant + 2]])) == pytest.approx(2)


def test_standardiser_without_rows_is_refused():
    with pytest.raises(ValueError, match="at least one row"):
        Standardiser.fit([])


def test_training_features_leave_with_zero_mean_and_unit_variance():
    train = [[normal(30, 50, seed=1) * 3 + 2], [normal(7, 50, seed=2)]]
    transform = fit_transform(train, projected=20, seed=0)
    assert (transform.dimension, transform.output_dimension) == (50, 20)
    out = np.concatenate([transform.apply(parts[0]) for parts in train])
    assert out.dtype == np.float32
    assert out.shape == (37, 20)
    assert out.mean(axis=0) == pytest.approx(np.zeros(20), abs=1e-5)
    assert out.std(axis=0) == pytest.approx(np.ones(20), abs=1e-5)


def test_apply_is_equation_13_followed_by_the_normalisation():
    """Signs (1, −1) on the rows (3, 1), (1, 1), (2, 4): 2√3, 0, −2√3; mean 0, variance 8."""
    transform = FeatureTransform(
        normalise=Standardiser(np.zeros(1), np.array([8**0.5])), signs=np.array([[1, -1]], np.int8)
    )
    rows = np.array([[3, 1], [1, 1], [2, 4]], np.float32)
    expected = [[1.5**0.5], [0], [-(1.5**0.5)]]
    assert transform.apply(rows) == pytest.approx(np.array(expected))
    fitted = fit_transform([[rows]], projected=1, seed=0)
    mixed = rows @ (achlioptas_signs(dimension=2, projected=1, seed=0).T * 3**0.5)
    assert fitted.normalise.mean == pytest.approx(mixed.mean(axis=0))


def test_full_features_are_only_normalised():
    transform = fit_transform([[np.array([[1, 10], [3, 30]], np.float32)]], projected=None, seed=0)
    assert transform.signs is None
    assert transform.dimension == transform.output_dimension == 2
    assert transform.apply(np.array([[3, 10]], np.float32)).tolist() == [[1, -1]]


def test_projection_keeps_distances_roughly():
    """Johnson–Lindenstrauss: of 300 dimensions, a distance is off by about 1/√600 = 4 %."""
    points = normal(12, 2048)
    projected = points @ (achlioptas_signs(dimension=2048, projected=300, seed=1).T * 3**0.5) / 300**0.5
    first, second = np.triu_indices(12, k=1)
    ratio = np.linalg.norm(projected[first] - projected[second], axis=1)
    ratio /= np.linalg.norm(points[first] - points[second], axis=1)
    assert ratio == pytest.approx(np.ones(66), abs=0.16)
    assert ratio.mean() == pytest.approx(1, abs=0.04)


def test_joined_encoders_have_equal_total_variance_before_they_are_mixed():
    """However many dimensions an encoder has and however large its numbers are."""
    parts = [normal(40, 3) * 1000 + 5, normal(40, 100, seed=1) * 0.01]
    balanced = fit_balance([parts]).apply(np.concatenate(parts, axis=1))
    assert balanced[:, :3].var(axis=0).sum() == pytest.approx(1)
    assert balanced[:, 3:].var(axis=0).sum() == pytest.approx(1)


@pytest.mark.parametrize("encoders", [1, 2])
@pytest.mark.parametrize("projected", [4, None])
def test_a_transform_survives_as_arrays(encoders, projected):
    parts = [normal(9, 6, seed=k) for k in range(encoders)]
    transform = fit_transform([parts], projected=projected, seed=3)
    arrays = transform.to_arrays()
    assert ("signs" in arrays, "balance_mean" in arrays) == (projected is not None, encoders == 2)
    rows = np.concatenate(parts, axis=1)
    assert np.array_equal(FeatureTransform.from_arrays(arrays).apply(rows), transform.apply(rows))


def test_arrays_without_a_mean_are_no_transform():
    with pytest.raises(KeyError, match="mean"):
        FeatureTransform.from_arrays({"scale": np.ones(2)})
