"""Cut detectors by name, and their options from text such as ``window_width=3``.

A third-party package adds a detector through an entry point of the group ``mmtool.detectors``, which points
to a subclass of :class:`mmtool.video.detectors.contract.Detector` whose fields all have defaults.
"""

from collections.abc import Iterator, Sequence
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from inspect import isabstract
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mmtool.errors import CallError, SettingError
from mmtool.plugins import Registry

if TYPE_CHECKING:
    from mmtool.video.detectors.contract import Detector


def _is_detector(loaded: object) -> bool:
    from mmtool.video.detectors.contract import Detector

    if not isinstance(loaded, type) or not issubclass(loaded, Detector) or isabstract(loaded):
        return False
    return all(field.default is not MISSING and field.metadata for field in fields(loaded))


DETECTORS: "Registry[type[Detector]]" = Registry(
    "mmtool.detectors",
    "detector",
    {
        "content": "mmtool.video.detectors.content:Content",
        "adaptive": "mmtool.video.detectors.content:Adaptive",
        "threshold": "mmtool.video.detectors.fades:Fades",
        "histogram": "mmtool.video.detectors.distance:Histogram",
        "hash": "mmtool.video.detectors.distance:Hash",
        "transnetv2": "mmtool.video.detectors.transnetv2:TransNetV2",
    },
    expected="a complete subclass of mmtool.video.detectors.contract.Detector",
    accepts=_is_detector,
)
THRESHOLD, WEIGHTS = "threshold", "weights"  # options of detectors that are settings of their own, too
TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


class OptionRow(NamedTuple):
    """An option of a detector in words; `setting` is its name."""

    detector: str
    setting: str
    default: str
    meaning: str


def make_detector(
    name: str, *, threshold: float | None = None, weights: Path | None = None, options: Sequence[str] = ()
) -> "Detector":
    """Build a detector.

    Args:
        name: A name of the registry.
        threshold: Replaces the detector's own default.
        weights: The file of a learned detector's weights.
        options: Other options, each as ``NAME=VALUE``.

    Raises:
        SettingError: The name or an option is unknown, or a value does not fit.
    """
    kind = DETECTORS.load(name)
    known = {field.name: field for field in fields(kind)}
    values: dict[str, Any] = {} if threshold is None else {THRESHOLD: threshold}
    for text in options:
        option, sign, value = text.partition("=")
        option = option.strip().replace("-", "_")
        if not sign:
            raise _bad_option(f"must be NAME=VALUE, not {text!r}")
        if option == THRESHOLD:
            raise _bad_option(f"{THRESHOLD} is a setting of its own: use `{THRESHOLD}`")
        if option not in known:
            raise _bad_option(_unknown(name, option, [n for n in known if n != THRESHOLD]))
        values[option] = _parse(option, value.strip(), known[option])
    if weights is not None:
        default = known[WEIGHTS].default if WEIGHTS in known else None
        if not isinstance(default, str):  # as content's weights of colours
            raise SettingError(WEIGHTS, f"has no effect with `detector={name}`; leave it out")
        values[WEIGHTS] = str(weights)
    try:
        return kind(**values)
    except ValueError as error:
        raise _bad_option(str(error)) from None


def other_than_default(detector: "Detector", *, scores: bool = False) -> dict[str, object]:
    """Return the options that differ from their defaults, without the threshold.

    ``scores`` limits them to the options that change the scores.
    """
    return {
        field.name: value
        for field in fields(detector)
        if field.name != THRESHOLD
        and (value := getattr(detector, field.name)) != field.default
        and (field.metadata["scores"] or not scores)
    }


def describe_detectors() -> list[OptionRow]:
    """Return a row for each option of each detector that can be loaded."""
    return [row for name in DETECTORS.names() for row in _describe(name)]


def _describe(name: str) -> Iterator[OptionRow]:
    try:
        kind = DETECTORS.load(name)
    except CallError:  # `Registry.problems` names it
        return
    for field in fields(kind):
        default = field.default
        shown = ",".join(f"{v:g}" for v in default) if isinstance(default, tuple) else str(default)
        option = f"--{THRESHOLD}" if field.name == THRESHOLD else field.name
        yield OptionRow(name, option, shown.lower(), field.metadata["help"])


def _bad_option(problem: str) -> SettingError:
    return SettingError("detector_options", problem)


def _unknown(name: str, option: str, known: list[str]) -> str:
    near = get_close_matches(option, known, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{option} is not an option of {name}{hint}; it has {', '.join(known) or 'none'}"


def _parse(option: str, text: str, field: "Field[Any]") -> object:
    """Read a value of the same type as the default."""
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
            if not abs(number) < inf:
                raise ValueError
            return number
    except ValueError:
        wanted = {bool: "true or false", int: "a whole number", float: "a number"}
        kind = wanted.get(type(default), f"{len(default) if isinstance(default, tuple) else 0} numbers")
        raise _bad_option(f"{option} must be {kind}, not {text!r}") from None
    return text
