"""What ``align`` requires of each video, as users write it: ``iou=0.3``."""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from mmtool.errors import SettingError
from mmtool.records import Quality


class Measure(StrEnum):
    """A measure of an alignment that is known without the truth.

    Attributes:
        IOU: The expected text IoU.
        PLACED: The share of the snippets that have a clip.
        ACCURACY: The expected video accuracy.
    """

    IOU = "iou"
    PLACED = "placed"
    ACCURACY = "accuracy"

    def of(self, quality: Quality) -> float | None:
        """The measure of an alignment; None where it is unknown."""
        match self:
            case Measure.IOU:
                return quality.expected_iou
            case Measure.PLACED:
                return quality.placed_share
            case Measure.ACCURACY:
                return quality.expected_accuracy


NAMES = {Measure.IOU: "expected text IoU", Measure.ACCURACY: "expected accuracy"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """The least value, 0..1, of a measure."""

    measure: Measure
    least: float

    @classmethod
    def parse(cls, text: str, setting: str = "require") -> "Requirement":
        """Read ``MEASURE=SHARE``; raises SettingError, naming the setting, for anything else."""
        name, equals, number = (part.strip() for part in text.partition("="))
        measures = ", ".join(Measure)
        if not equals:
            meant = f"accuracy={text}, iou={text} or placed={text}" if _share(text) is not None else "iou=0.3"
            raise SettingError(setting, f"must name a measure, such as {meant}, not {text!r}")
        if name not in tuple(Measure):
            raise SettingError(setting, f"must name one of {measures}, not {name!r}")
        least = _share(number)
        if least is None:
            raise SettingError(setting, f"must give {name} a number from 0 to 1, not {number!r}")
        return cls(Measure(name), least)

    def is_met(self, quality: Quality) -> bool:
        """Whether an alignment is known to reach it."""
        value = self.measure.of(quality)
        return value is not None and value >= self.least

    def shortfall(self, quality: Quality) -> str:
        """Why it is not met, in words that name the setting."""
        setting = f"`require={self}`"
        if self.measure is Measure.PLACED:
            return f"placed {quality.headline['placed']}, fewer than {setting}"
        value = self.measure.of(quality)
        if value is None:
            return f"{NAMES[self.measure]} is unknown, so {setting} is not met"
        shown = f"{value:.2f}" if round(value, 2) < self.least else f"{value:.4g}"
        return f"{NAMES[self.measure]} {shown} is below {setting}"

    def __str__(self) -> str:
        return f"{self.measure}={self.least:g}"


def _share(text: str) -> float | None:
    """The number in a text; None if it is not one from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) and 0 <= value <= 1 else None
