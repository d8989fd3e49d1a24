"""``experiments/<plan>/results.json`` and ``results.csv``: the results of a plan.

Measures are shares in 0..1; mean and standard deviation are over the seeds.
"""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from mmtool.formats.atomic import write_text
from mmtool.formats.csv_rows import write_rows
from mmtool.formats.metrics import without_nan
from mmtool.formats.plans import Published

FORMAT = "mmtool-experiment"
VERSION = 1
COLUMNS = (
    "row",
    "preset",
    "seeds",
    "epochs",
    "parameters",
    "video_accuracy",
    "video_accuracy_sd",
    "video_accuracy_published",
    "text_iou",
    "text_iou_sd",
    "text_iou_published",
    "left_out",
)


@dataclass(frozen=True, slots=True)
class SeedResult:
    """The result of one run on the measured split."""

    seed: int
    run: str
    epochs: int
    parameters: int
    video_accuracy: float
    text_iou: float


@dataclass(frozen=True, slots=True)
class OverSeeds:
    """The mean and sample standard deviation of a measure; nan if there are too few values."""

    mean: float = math.nan
    sd: float = math.nan


@dataclass(frozen=True, slots=True)
class RowResult:
    """A row beside its published figures; ``left_out`` holds the reasons why seeds are missing."""

    label: str
    preset: str
    published: Published
    seeds: tuple[SeedResult, ...] = ()
    video_accuracy: OverSeeds = OverSeeds()
    text_iou: OverSeeds = OverSeeds()
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Results:
    """All rows of a plan that are finished."""

    plan: str
    title: str
    split: str
    seeds: tuple[int, ...]
    rows: tuple[RowResult, ...]

    def to_dict(self) -> dict[str, object]:
        """Plain JSON values; null for what was not measured."""
        return {"format": FORMAT, "version": VERSION, **without_nan(asdict(self))}  # type: ignore[dict-item]


def write_results(folder: Path, results: Results) -> None:
    """Write both files."""
    write_text(folder / "results.json", json.dumps(results.to_dict(), indent=1, ensure_ascii=False) + "\n")
    write_rows(folder / "results.csv", COLUMNS, [_csv_row(row) for row in results.rows])


def _csv_row(row: RowResult) -> list[object]:
    def distinct(values: list[int]) -> str:
        return " ".join(map(str, sorted(set(values))))

    measures = [
        None if value is None or math.isnan(value) else value
        for measured, published in (
            (row.video_accuracy, row.published.video_accuracy),
            (row.text_iou, row.published.text_iou),
        )
        for value in (measured.mean, measured.sd, published)
    ]
    return [
        row.label,
        row.preset,
        " ".join(str(result.seed) for result in row.seeds),
        distinct([result.epochs for result in row.seeds]),
        distinct([result.parameters for result in row.seeds]),
        *measures,
        " | ".join(row.left_out),
    ]
