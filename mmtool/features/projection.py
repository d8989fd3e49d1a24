"""Random projection of features (Achlioptas 2001; paper, Eq. 13) and their normalisation.

A transform turns an encoder's features into what the network reads. It is fitted once on the training split
and stored in every checkpoint.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
SQRT3 = np.sqrt(3.0)


def achlioptas_signs(*, dimension: int, projected: int, seed: int) -> NDArray[np.int8]:
    """The signs (P, D) of the matrix of Eq. 13: 1 and −1 with probability 1/6 each, otherwise 0.

    The matrix itself is √3 times these signs.
    """
    draws = np.random.default_rng(seed).integers(0, 6, size=(projected, dimension), dtype=np.int8)
    return np.select([draws == 0, draws == 1], [1, -1]).astype(np.int8)


@dataclass(frozen=True, slots=True)
class Standardiser:
    """Zero mean and unit variance in each dimension; a constant dimension is only centred."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def fit(cls, features: Iterable[Array | NDArray[np.float64]]) -> "Standardiser":
        """Fit on arrays (N, D) of any N, one at a time; variances merge as in Chan et al. 1979."""
        count, mean, squares = 0, np.zeros(0), np.zeros(0)
        for batch in features:
            rows = batch.astype(np.float64)
            if count == 0:
                mean, squares = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
            total, batch_mean = count + len(rows), rows.mean(axis=0)
            squares += ((rows - batch_mean) ** 2).sum(axis=0)
            squares += (batch_mean - mean) ** 2 * count * len(rows) / total
            mean = mean + (batch_mean - mean) * len(rows) / total
            count = total
        if count == 0:
            raise ValueError("a standardiser needs at least one row of features")
        deviation = np.sqrt(squares / count)
        constant = deviation <= 1e-12 * np.maximum(1.0, np.abs(mean))
        return cls(mean, np.where(constant, 1.0, deviation))

    def apply(self, features: Array | NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, D) → (N, D)."""
        return np.asarray((features - self.mean) / self.scale)


@dataclass(frozen=True, slots=True)
class FeatureTransform:
    """Raw features (N, D) → what the network reads, (N, P).

    ``balance`` is present if features of several encoders were joined: each is standardised and weighted
    so that all have the same total variance before they are mixed. ``signs`` is the matrix of Eq. 13,
    absent for full features. ``normalise`` is fitted on the training split.
    """

    normalise: Standardiser
    signs: NDArray[np.int8] | None = None
    balance: Standardiser | None = None

    @property
    def dimension(self) -> int:
        """D, of the raw features."""
        if self.signs is not None:
            return int(self.signs.shape[1])
        return len(self.normalise.mean)

    @property
    def output_dimension(self) -> int:
        """P, of what the network reads."""
        return len(self.normalise.mean)

    def apply(self, features: Array) -> Array:
        return self.normalise.apply(mix(features, self.balance, self.signs)).astype(np.float32)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays to store in a file."""
        arrays: dict[str, NDArray[Any]] = {"mean": self.normalise.mean, "scale": self.normalise.scale}
        if self.signs is not None:
            arrays["signs"] = self.signs
        if self.balance is not None:
            arrays |= {"balance_mean": self.balance.mean, "balance_scale": self.balance.scale}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "FeatureTransform":
        """The inverse of :meth:`to_arrays`; raises KeyError if an array is missing."""
        balance = None
        if "balance_mean" in arrays:
            balance = Standardiser(arrays["balance_mean"], arrays["balance_scale"])
        return cls(Standardiser(arrays["mean"], arrays["scale"]), arrays.get("signs"), balance)


def mix(features: Array, balance: Standardiser | None, signs: NDArray[np.int8] | None) -> NDArray[np.float64]:
    """The part of a transform before its normalisation: balance, then project (Eq. 13).

    In float64, so that features with a small variance and a large mean keep their precision.
    """
    mixed = features.astype(np.float64) if balance is None else balance.apply(features)
    return mixed if signs is None else (mixed @ signs.T.astype(np.float64)) * SQRT3  # (N, D) · (D, P)


def fit_balance(features: Iterable[list[Array]]) -> Standardiser:
    """Fit the balance of joined encoders on ``[(N, D₁), (N, D₂), …]`` of each training id."""
    joined = list(features)
    fitted = [Standardiser.fit(parts[k] for parts in joined) for k in range(len(joined[0]))]
    return Standardiser(
        np.concatenate([part.mean for part in fitted]),
        np.concatenate([part.scale * np.sqrt(len(part.scale)) for part in fitted]),
    )


def fit_transform(features: list[list[Array]], *, projected: int | None, seed: int) -> FeatureTransform:
    """Fit on the training split, given for each id a list with one array (N, D) per encoder.

    ``projected`` is P of Eq. 13, or None for full features, which are only normalised.
    """
    balance = fit_balance(features) if len(features[0]) > 1 else None
    dimension = sum(part.shape[1] for part in features[0])
    signs = None
    if projected is not None:
        signs = achlioptas_signs(dimension=dimension, projected=projected, seed=seed)
    mixed = (mix(np.concatenate(parts, axis=1), balance, signs) for parts in features)
    return FeatureTransform(Standardiser.fit(mixed), signs, balance)
