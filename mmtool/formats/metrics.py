"""``metrics.json`` of an evaluation and ``metrics.jsonl`` of a training, an epoch a line."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmtool.errors import InputError
from mmtool.formats.atomic import write_text


def without_nan(value: object) -> object:
    """The same JSON value with null for what is no finite number, which JSON cannot say."""
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


def read_history(path: Path) -> list[dict[str, float | None]]:
    """The epochs of a training so far, oldest first; a line that a crash cut short ends them."""
    epochs: list[dict[str, float | None]] = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                epochs.append(json.loads(line))
            except ValueError:
                break
    return epochs


def write_history(path: Path, epochs: Sequence[Mapping[str, float | None]]) -> None:
    """Replace the history, as a resumed training does."""
    write_text(path, "".join(json.dumps(without_nan(epoch)) + "\n" for epoch in epochs))


def append_history(path: Path, epoch: Mapping[str, float | None]) -> None:
    """Add one epoch."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(without_nan(epoch)) + "\n")
    except OSError as error:
        raise InputError(
            path, f"cannot be written ({error.strerror})", "make room and run the command again"
        ) from error
