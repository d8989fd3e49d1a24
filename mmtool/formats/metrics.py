"""``metrics.json`` of an evaluation, and ``metrics.jsonl`` of a training, with one epoch per line."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmtool.errors import InputError
from mmtool.formats.atomic import write_text
from mmtool.formats.json_files import number, read_object

BIN = ("confidence", "accuracy", "share")  # what a reliability bin says


def without_nan(value: object) -> object:
    """The same JSON value with null for numbers that are not finite, which JSON cannot express."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: without_nan(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(entry) for entry in value]
    return value


def write_metrics(path: Path, metrics: Mapping[str, object]) -> None:
    """Write one JSON object."""
    write_text(path, json.dumps(without_nan(metrics), indent=1, ensure_ascii=False) + "\n")


def read_calibration(path: Path, what: str) -> tuple[float, list[dict[str, float]]]:
    """The calibration error and reliability bins of ``clips`` or of ``snippets``; null becomes nan.

    Raises InputError for a missing file, and for one without them.
    """
    damage = "does not contain a reliability curve", "run `mmtool evaluate` again"
    try:
        content = read_object(path, "a valid evaluation", damage[1])
    except FileNotFoundError:
        raise InputError(path, "no such evaluation", "run `mmtool evaluate` first") from None
    try:
        calibration = content["calibration"][what]
        bins = [{key: _or_nan(row[key]) for key in BIN} for row in calibration["bins"]]
        return _or_nan(calibration["error"]), bins
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise InputError(path, *damage) from error


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else float(value)


def read_history(path: Path) -> list[dict[str, Any]]:
    """The epochs of a training, oldest first, up to the first damaged line."""
    return _read_history(path)[0]


def first_damaged_line(path: Path) -> int | None:
    """The number of the first damaged line, from 1; None if there is none."""
    return _read_history(path)[1]


def _read_history(path: Path) -> tuple[list[dict[str, Any]], int | None]:
    epochs: list[dict[str, Any]] = []
    if path.exists():
        for count, line in enumerate(path.read_bytes().splitlines(), start=1):
            try:
                epoch = json.loads(line)
                if type(epoch["epoch"]) is not int:
                    raise TypeError(epoch["epoch"])
                _check_measures(epoch)
            except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
                return epochs, count
            epochs.append(epoch)
    return epochs, None


def _check_measures(value: object) -> None:
    """Raise TypeError, ValueError or OverflowError for what no epoch has measured."""
    if isinstance(value, dict):
        for entry in value.values():
            _check_measures(entry)
    elif isinstance(value, list):
        for entry in value:
            if entry is not None:
                number(entry)
    elif value is not None and not isinstance(value, bool):
        number(value)


def write_history(path: Path, epochs: Sequence[Mapping[str, Any]]) -> None:
    """Replace the history, as when a training is resumed."""
    write_text(path, "".join(json.dumps(without_nan(epoch)) + "\n" for epoch in epochs))


def append_history(path: Path, epoch: Mapping[str, Any]) -> None:
    """Append one epoch."""
    try:
        with path.open("a", encoding="utf-8", newline="") as file:
            file.write(json.dumps(without_nan(epoch)) + "\n")
    except OSError as error:
        raise InputError(
            path, f"cannot be written ({error.strerror})", "make room and run the command again"
        ) from error
