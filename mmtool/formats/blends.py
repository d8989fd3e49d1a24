"""``runs/<run>/blend.json``: the weights of a run's branches, and what they were estimated from."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mmtool.blends import BlendEstimate, BranchChange, BranchWeight
from mmtool.errors import InputError
from mmtool.formats.atomic import write_text
from mmtool.formats.json_files import number, read_object, text

BLEND = "blend.json"
FORMAT = "mmtool-blend"
VERSION = 1
WHAT, REMEDY = "a valid file of blending weights", "start the run again with `force`"


def write_blend(path: Path, changes: Sequence[BranchChange], estimates: Sequence[BlendEstimate]) -> None:
    """Write all estimates so far, and all changes that were measured, those of an unfinished one included."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "estimates": [asdict(estimate) for estimate in sorted(estimates, key=lambda e: e.epoch)],
        "changes": [asdict(change) for change in changes],
    }
    write_text(path, json.dumps(content, indent=1) + "\n")


def read_blend(path: Path) -> tuple[list[BranchChange], list[BlendEstimate]]:
    """What was measured, and the estimates; nothing where there is no file.

    Raises InputError for a damaged file.
    """
    try:
        content = read_object(path, WHAT, REMEDY)
    except FileNotFoundError:
        return [], []
    try:
        if content["format"] != FORMAT or content["version"] != VERSION:
            raise ValueError(content["format"])
        changes = [_change(entry) for entry in content["changes"]]
        return changes, [_estimate(entry) for entry in content["estimates"]]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise InputError(path, f"is not {WHAT}", REMEDY) from error


def _change(entry: dict[str, Any]) -> BranchChange:
    return BranchChange(
        epoch=_count(entry["epoch"]),
        epochs=_count(entry["epochs"]),
        fold=_count(entry["fold"]),
        folds=_count(entry["folds"]),
        branch=text(entry["branch"]),
        gain=number(entry["gain"]),
        overfitting=number(entry["overfitting"]),
        held_out=number(entry["held_out"]),
        left_out=tuple(text(name) for name in entry["left_out"]),
    )


def _estimate(entry: dict[str, Any]) -> BlendEstimate:
    branches = {
        text(branch): BranchWeight(*(number(found[name]) for name in ("weight", "gain", "overfitting")))
        for branch, found in entry["branches"].items()
    }
    left_out = tuple(text(name) for name in entry["left_out"])
    return BlendEstimate(_count(entry["epoch"]), _count(entry["epochs"]), branches, left_out)


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError(f"{value!r} is not a count")
    return value
