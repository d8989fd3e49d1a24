"""Detectors by name, and their settings from words such as ``window_width=3``."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import Field, fields
from typing import Any

from mmtool.choices import ShotDetector
from mmtool.errors import CallError
from mmtool.video.detectors.content import Adaptive, Content
from mmtool.video.detectors.contract import Detector
from mmtool.video.detectors.distance import Hash, Histogram
from mmtool.video.detectors.fades import Fades
from mmtool.video.detectors.transnetv2 import TransNetV2

DETECTORS: Mapping[ShotDetector, type[Detector]] = {
    kind.name: kind for kind in (Content, Adaptive, Fades, Histogram, Hash, TransNetV2)
}
TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def make_detector(name: ShotDetector, threshold: float | None, options: Sequence[str]) -> Detector:
    """Build a detector; ``CallError`` for an option that it does not have, or a value that does not fit."""
    kind = DETECTORS[name]
    known = {field.name: field for field in fields(kind)}
    values: dict[str, Any] = {} if threshold is None else {"threshold": threshold}
    for text in options:
        option, sign, value = text.partition("=")
        option = option.strip().replace("-", "_")
        if not sign:
            raise CallError(f"--detector-option must be NAME=VALUE, not {text!r}")
        if option not in known or option == "threshold":
            raise CallError(_unknown(name, option, [n for n in known if n != "threshold"]))
        values[option] = _parse(option, value.strip(), known[option])
    try:
        return kind(**values)
    except ValueError as error:
        raise CallError(f"--detector-option {error}") from None


def other_than_default(detector: Detector, *, scores: bool = False) -> dict[str, object]:
    """Return the settings, threshold aside, that are not their defaults; ``scores``: that change scores."""
    return {
        field.name: value
        for field in fields(detector)
        if field.name != "threshold"
        and (value := getattr(detector, field.name)) != field.default
        and (field.metadata["scores"] or not scores)
    }


def describe() -> list[tuple[str, str, str, str]]:
    """Return (detector, setting, default, meaning) of every setting of every detector."""
    rows = []
    for name, kind in DETECTORS.items():
        for field in fields(kind):
            default = field.default
            shown = ",".join(f"{v:g}" for v in default) if isinstance(default, tuple) else str(default)
            option = "--threshold" if field.name == "threshold" else field.name
            rows.append((str(name), option, shown.lower(), field.metadata["help"]))
    return rows


def _unknown(name: ShotDetector, option: str, known: list[str]) -> str:
    if option == "threshold":
        return "--detector-option threshold has an option of its own: --threshold"
    near = difflib.get_close_matches(option, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return (
        f"--detector-option {option}: {name} has no such setting; {hint}it has {', '.join(known) or 'none'}"
    )


def _parse(option: str, text: str, field: "Field[Any]") -> object:
    """Read a value of the type that the default has."""
    default = field.default
    try:
        if isinstance(default, bool):
            if text.lower() not in TRUE + FALSE:
                raise ValueError
            return text.lower() in TRUE
        if isinstance(default, tuple):
            values = tuple(float(part) for part in text.split(","))
            if len(values) != len(default):
                raise ValueError
            return values
        if isinstance(default, int | float):
            number = type(default)(text)
            if not abs(number) < float("inf"):
                raise ValueError
            return number
    except ValueError:
        wanted = {bool: "true or false", int: "a whole number", float: "a number"}
        kind = wanted.get(type(default), f"{len(default) if isinstance(default, tuple) else 0} numbers")
        raise CallError(f"--detector-option {option} must be {kind}, not {text!r}") from None
    return text
