"""``experiments/<plan>/results.json`` and ``results.csv``: the results of a plan.

Measures are shares in 0..1; mean and standard deviation are over the seeds.
"""

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mmtool.choices import PlanMeasures
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
    "clip_recall",
    "clip_recall_sd",
    "clip_recall_published",
    "text_recall",
    "text_recall_sd",
    "text_recall_published",
    "ogr",
    "left_out",
)


@dataclass(frozen=True, slots=True)
class BranchOverfitting:
    """How far a branch had overfitted after an epoch: G and O since before training, and OGR = |O / G|.

    ``ratio`` is None where the validation loss has not changed.
    """

    epoch: int
    generalisation: float
    overfitting: float
    ratio: float | None


@dataclass(frozen=True, slots=True)
class SeedResult:
    """The result of one run on the measured split; nan for what the plan does not measure.

    ``clip_recall`` is R@1 of clips that find texts, ``text_recall`` that of texts that find clips. ``ogr`` is
    of its best epoch, by branch. Of an oracle, ``run`` is empty, and ``epochs`` and ``parameters`` are 0.
    """

    seed: int
    run: str
    epochs: int
    parameters: int
    video_accuracy: float = math.nan
    text_iou: float = math.nan
    clip_recall: float = math.nan
    text_recall: float = math.nan
    ogr: dict[str, BranchOverfitting] = field(default_factory=dict)


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
    clip_recall: OverSeeds = OverSeeds()
    text_recall: OverSeeds = OverSeeds()
    left_out: tuple[str, ...] = ()

    def ogr(self, branch: str) -> float | None:
        """The mean OGR of a branch over the seeds whose validation loss has fallen; None without any."""
        known = [seed.ogr[branch] for seed in self.seeds if branch in seed.ogr]
        ratios = [one.ratio for one in known if one.ratio is not None and one.generalisation > 0]
        return sum(ratios) / len(ratios) if ratios else None

    @property
    def branches(self) -> list[str]:
        """The branches whose overfitting was measured."""
        return list(dict.fromkeys(branch for seed in self.seeds for branch in seed.ogr))


@dataclass(frozen=True, slots=True)
class Results:
    """All rows of a plan that are finished."""

    plan: str
    title: str
    split: str
    seeds: tuple[int, ...]
    rows: tuple[RowResult, ...]
    measures: tuple[str, ...] = (PlanMeasures.ALIGNMENT,)

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
            (row.clip_recall, row.published.clip_recall),
            (row.text_recall, row.published.text_recall),
        )
        for value in (measured.mean, measured.sd, published)
    ]
    return [
        row.label,
        row.preset,
        " ".join(str(result.seed) for result in row.seeds),
        distinct([result.epochs for result in row.seeds if result.epochs]),
        distinct([result.parameters for result in row.seeds if result.parameters]),
        *measures,
        " ".join(f"{branch}={_ratio(row.ogr(branch))}" for branch in row.branches),
        " | ".join(row.left_out),
    ]


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
