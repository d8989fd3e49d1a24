"""A run's epochs as columns, and Table 3 of the paper from them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LAST_EPOCHS = 20  # averaged in Table 3
CURVES = ("loss", "video_accuracy", "text_iou", "train_video_accuracy", "train_text_iou")

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RunHistory:
    """The contents of ``metrics.jsonl`` for E epochs of a run; NaN where an epoch was not measured."""

    run: str
    epochs: Array  # (E,)
    curves: dict[str, Array]  # name → (E,)
    ratios: dict[str, Array]  # component → (E,)
    means: dict[str, Array]  # stack → (E, 50)
    variances: dict[str, Array]

    @classmethod
    def of(cls, run: str, epochs: Sequence[Mapping[str, Any]]) -> "RunHistory":
        """Read the epochs; raises ValueError for values that training does not write."""
        diagnostics = [_mapping(epoch.get("diagnostics")) for epoch in epochs]
        numbers = _column(epoch.get("epoch") for epoch in epochs)
        if (np.diff(numbers) <= 0).any():
            raise ValueError("the epochs are not in ascending order")
        return cls(
            run,
            epochs=numbers,
            curves={name: _column(epoch.get(name) for epoch in epochs) for name in CURVES},
            ratios={name: _column(parts) for name, parts in _parts(diagnostics, "ratios").items()},
            means={name: _rows(parts) for name, parts in _parts(diagnostics, "means").items()},
            variances={name: _rows(parts) for name, parts in _parts(diagnostics, "variances").items()},
        )


@dataclass(frozen=True, slots=True)
class RatioRow:
    """One row of Table 3: each component's mean of ``‖w‖ / ‖∇w‖`` over the last epochs, None if unknown."""

    run: str
    epochs: int  # number of averaged epochs
    ratios: dict[str, float | None]
    text_to_video: float | None  # the Text Stack's ratio over the Video Stack's


def ratio_row(history: RunHistory, *, last: int = LAST_EPOCHS) -> RatioRow:
    """Average the ``last`` epochs, or all where there are fewer."""
    ratios: dict[str, float | None] = {}
    for component, values in history.ratios.items():
        known = values[-last:][np.isfinite(values[-last:])]
        ratios[component] = float(known.mean()) if len(known) else None
    video, text = ratios.get("video_stack"), ratios.get("text_stack")
    text_to_video = text / video if text and video else None
    return RatioRow(history.run, min(last, len(history.epochs)), ratios, text_to_video)


def _mapping(value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"{value!r} is not an object")
    return value


def _parts(diagnostics: Sequence[Mapping[str, Any]], name: str) -> dict[str, list[Any]]:
    """Each component's values under ``name`` by epoch, None where an epoch has none."""
    each = [_mapping(epoch.get(name)) for epoch in diagnostics]
    components = dict.fromkeys(component for epoch in each for component in epoch)
    return {component: [epoch.get(component) for epoch in each] for component in components}


def _column(values: Iterable[object]) -> Array:
    """The values (E,) as numbers."""
    return np.array([_number(value) for value in values])


def _rows(parts: Sequence[Any]) -> Array:
    """(E, D), with a row of NaN for an epoch without values."""
    given = [part for part in parts if part is not None]
    if not all(isinstance(part, list) and len(part) == len(given[0]) for part in given):
        raise ValueError("the epochs differ in their dimensions")
    missing = [None] * len(given[0])
    return np.array([[_number(value) for value in (missing if part is None else part)] for part in parts])


def _number(value: object) -> float:
    if value is None:
        return np.nan
    if not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a number")
    return float(value)
