"""The arrays of a stored transform, and those that are none."""

import numpy as np
import pytest

from mmtool.formats.transforms import checked_transform

MEAN, SCALE, SIGNS = np.zeros(2), np.ones(2), np.ones((2, 3), np.int8)


@pytest.mark.parametrize(
    ("arrays", "error"),
    [
        ({"mean": MEAN}, KeyError),
        ({"mean": MEAN, "scale": np.ones(3)}, ValueError),
        ({"mean": MEAN, "scale": MEAN}, ValueError),
        ({"mean": MEAN.astype(int), "scale": SCALE}, ValueError),
        ({"mean": MEAN + np.nan, "scale": SCALE}, ValueError),
        ({"mean": MEAN, "scale": SCALE, "signs": SIGNS.T}, ValueError),
        ({"mean": MEAN, "scale": SCALE, "signs": SIGNS[0]}, ValueError),
        ({"mean": MEAN, "scale": SCALE, "signs": SIGNS, "balance_mean": np.zeros(2)}, ValueError),
        ({"mean": MEAN, "scale": SCALE, "signs": SIGNS, "balance_mean": np.zeros(3)}, ValueError),
        ({"mean": MEAN, "scale": SCALE, "other": MEAN}, ValueError),
    ],
)
def test_arrays_that_are_no_transform(arrays, error):
    with pytest.raises(error):
        checked_transform(arrays)


def test_the_arrays_of_joined_and_projected_features():
    arrays = {"mean": MEAN, "scale": SCALE, "signs": SIGNS}
    arrays |= {"balance_mean": np.zeros(3), "balance_scale": np.ones(3)}
    assert checked_transform(arrays) == arrays
