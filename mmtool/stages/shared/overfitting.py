"""The history of a run → what it learned and how far it overfitted, by branch and epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmtool.evaluation.overfitting import OgrRow, overfitting

SCORES = (("video_accuracy", "text_iou"), ("clip_recall", "snippet_recall"))  # that choose the best epoch


def ogr_rows(run: str, epochs: Sequence[Mapping[str, Any]]) -> list[OgrRow]:
    """A row for each branch and measured epoch, branch by branch; none where no losses were measured.

    Epoch 0 is before training. A run of an earlier version that was continued begins with the first epoch
    that was measured.

    Raises:
        ValueError: The losses are not what training writes.
    """
    measured = _measured(epochs)
    best = _best(epochs)
    rows = []
    for branch in dict.fromkeys(branch for _, losses in measured for branch in losses):
        found = [(epoch, *losses[branch]) for epoch, losses in measured if branch in losses]
        numbers, train, validation = np.array(found, dtype=np.float64).T
        result = overfitting(train, validation)
        rows += [
            OgrRow(
                run,
                branch,
                epoch=int(epoch),
                train_loss=float(train[k]),
                validation_loss=float(validation[k]),
                generalisation=float(result.generalisation[k]),
                overfitting=float(result.overfitting[k]),
                ratio=None if np.isnan(result.ratio[k]) else float(result.ratio[k]),
                best=bool(epoch == best),
            )
            for k, epoch in enumerate(numbers)
        ]
    return rows


def telling(rows: Sequence[OgrRow]) -> list[OgrRow]:
    """Of each run's branches, the best epoch and the last."""
    last = {(row.run, row.branch): row.epoch for row in rows}
    return [row for row in rows if row.best or row.epoch == last[row.run, row.branch]]


def _measured(epochs: Sequence[Mapping[str, Any]]) -> list[tuple[int, dict[str, tuple[float, float]]]]:
    found = []
    for epoch in epochs:
        if epoch.get("initial_losses"):
            found.append((epoch["epoch"] - 1, _pairs(epoch["initial_losses"])))
        if epoch.get("losses"):
            found.append((epoch["epoch"], _pairs(epoch["losses"])))
    return found


def _pairs(losses: object) -> dict[str, tuple[float, float]]:
    try:
        return {
            branch: (float(both["train"]), float(both["validation"]))
            for branch, both in losses.items()  # type: ignore[attr-defined]
        }
    except (AttributeError, TypeError, KeyError) as error:
        raise ValueError(f"{losses!r} are not losses by branch") from error


def _best(epochs: Sequence[Mapping[str, Any]]) -> int | None:
    """The epoch with the greatest validation score, the earliest of several."""
    best: tuple[float, int | None] = (-np.inf, None)
    for epoch in epochs:
        for names in SCORES:
            values = [epoch.get(name) for name in names]
            score = sum(value for value in values if isinstance(value, int | float))
            if None not in values and score > best[0]:
                best = score, epoch["epoch"]
    return best[1]
