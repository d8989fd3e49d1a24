"""``experiments/<plan>/results.json`` and ``results.csv``: how alignment fared on several sets of videos.

Measures are shares in 0..1, differences −1..1.
"""

import json
from dataclasses import asdict, dataclass
from math import nan
from pathlib import Path

from mmtool.formats.atomic import write_text
from mmtool.formats.measured_tables import Measured, MeasuredTable, write_table
from mmtool.formats.metrics import without_nan

FORMAT = "mmtool-measured-sets"
VERSION = 1


@dataclass(frozen=True, slots=True)
class RowMeasures:
    """Video accuracy and text IoU of one way to align, with their confidence intervals."""

    video_accuracy: Measured
    text_iou: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class SetResult:
    """One set of videos.

    ``better_rule`` is the one of the two rules, proportional and uniform, that has the greater text IoU;
    ``gain`` is the mean difference in text IoU to it, with the interval of the paired bootstrap.
    ``expected_iou`` is the mean of what was expected of the videos, nan where nothing was.
    """

    label: str
    corpus: str
    videos: int
    timing: RowMeasures
    proportional: RowMeasures
    uniform: RowMeasures
    better_rule: str
    gain: Measured
    calibration_error: float
    expected_iou: float = nan


@dataclass(frozen=True, slots=True)
class SetResults:
    """All sets of a plan that could be measured, and by label the reasons why others were not."""

    plan: str
    title: str
    sets: tuple[SetResult, ...]
    left_out: dict[str, str]

    def to_dict(self) -> dict[str, object]:
        """Plain JSON values; null for what was not measured."""
        sets = [
            {
                **asdict(one),
                "gain": one.gain._asdict(),
                **{name: _as_dict(getattr(one, name)) for name in ("timing", "proportional", "uniform")},
            }
            for one in self.sets
        ]
        content = {"plan": self.plan, "title": self.title, "sets": sets, "left_out": self.left_out}
        return {"format": FORMAT, "version": VERSION, **without_nan(content)}  # type: ignore[dict-item]


def _as_dict(row: RowMeasures) -> dict[str, object]:
    return {"video_accuracy": row.video_accuracy._asdict(), "text_iou": row.text_iou._asdict()}


def as_table(results: SetResults) -> MeasuredTable:
    """The table of the sets, for papers and spreadsheets."""
    columns = (
        *("set", "videos", "timing accuracy", "timing IoU", "proportional accuracy", "proportional IoU"),
        *("uniform accuracy", "uniform IoU", "IoU over the better rule", "calibration error", "expected IoU"),
    )
    return MeasuredTable(
        columns,
        [
            (
                one.label,
                one.videos,
                one.timing.video_accuracy.value,
                one.timing.text_iou.value,
                one.proportional.video_accuracy.value,
                one.proportional.text_iou.value,
                one.uniform.video_accuracy.value,
                one.uniform.text_iou.value,
                one.gain,
                one.calibration_error,
                one.expected_iou,
            )
            for one in results.sets
        ],
    )


def write_set_results(folder: Path, results: SetResults) -> None:
    """Write both files."""
    write_text(folder / "results.json", json.dumps(results.to_dict(), indent=1, ensure_ascii=False) + "\n")
    write_table(folder / "results.csv", as_table(results))
