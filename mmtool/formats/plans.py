"""Plans of experiments: small TOML files, some of which ship with mmtool (``mmtool/plans/``).

A plan has a ``title``, ``seeds``, the ``split`` to measure, ``runs`` (the prefix of the names of its runs)
and ``[[rows]]``. Each row has a ``label``, a ``preset`` with ``settings`` that override it, a ``name`` if
several rows have the same preset, and the ``published`` figures in %. A row without a preset is only quoted.
``measures`` says what is measured, and ``retrieve`` of a row by which settings of retrieval.
A plan with ``[[sets]]`` in place of rows has a ``title`` besides; timing is measured on each set.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mmtool.choices import PlanMeasures, Split
from mmtool.errors import CallError, InputError
from mmtool.formats.csv_rows import read_utf8

SHIPPED = Path(__file__).parents[1] / "plans"
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # of a folder, valid on every system
REMEDY = "correct the plan"
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Published:
    """The published figures, shares in 0..1; None for those that were not published."""

    video_accuracy: float | None = None
    text_iou: float | None = None
    clip_recall: float | None = None  # R@1 of clips that find texts
    text_recall: float | None = None  # R@1 of texts that find clips
    parameters: int | None = None


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One row of a table; ``preset`` is empty if the row is only quoted, or an oracle over others.

    An oracle takes, for each class of videos, the best of the rows ``oracle_of``, by name. Classes are the
    cells of the column ``by`` of ``videos.csv``; without one, each video is a class of its own.
    """

    label: str
    name: str
    preset: str
    settings: Mapping[str, object]
    retrieve: Mapping[str, object]
    published: Published
    oracle_of: tuple[str, ...] = ()
    by: str = ""


@dataclass(frozen=True, slots=True)
class MeasuredSet:
    """Videos on which timing is measured.

    Attributes:
        label: Its name in the table.
        corpus: The folder of its corpus.
        splits: Only videos of these splits; all if there are none.
        titles: A regular expression that is found in the titles of its videos.
        train_titles: One that is found in the titles of the videos that parameters are estimated from, of the
            same splits; if it is empty, the package's parameters are used.
        by_language: Whether each language is measured apart.
    """

    label: str
    corpus: str
    splits: tuple[str, ...] = ()
    titles: str = ""
    train_titles: str = ""
    by_language: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Rows × seeds, and the split on which they are measured; or sets on which timing is measured."""

    path: Path
    title: str
    seeds: tuple[int, ...]
    split: Split
    runs: str
    rows: tuple[PlanRow, ...]
    measures: tuple[PlanMeasures, ...] = (PlanMeasures.ALIGNMENT,)
    sets: tuple["MeasuredSet", ...] = ()

    @property
    def name(self) -> str:
        return self.path.stem


def shipped_plans() -> list[str]:
    """The names of the plans that ship with mmtool."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def find_plan(plan: str) -> Path:
    """The file of a shipped plan by its name, or the file itself (``*.toml``); raises CallError otherwise."""
    if plan.endswith(".toml"):
        return Path(plan)
    if plan not in shipped_plans():
        raise CallError(
            f"{plan}: no such plan; choose one of {', '.join(shipped_plans())}, or give a .toml file"
        )
    return SHIPPED / f"{plan}.toml"


def read_plan(path: Path) -> Plan:
    """Read a plan; raises InputError, with row and key, for a file that is not a plan."""
    try:
        content = tomllib.loads(read_utf8(path, "give the path of a plan, or the name of a shipped one"))
    except tomllib.TOMLDecodeError as error:
        raise InputError(path, f"is not valid TOML ({error})", REMEDY) from error
    table = _Table(path, "the plan", content)
    split = table.take("split", str, str(Split.TEST))
    if split not in list(Split):
        raise table.wrong(f"has split {split!r}, which must be one of {', '.join(Split)}")
    seeds = tuple(table.take("seeds", list, [0]))
    if not seeds or len(set(seeds)) < len(seeds) or not all(type(s) is int and s >= 0 for s in seeds):
        raise table.wrong("needs seeds, which must be different whole numbers, at least 0")
    rows, sets = table.take("rows", list, []), table.take("sets", list, [])
    plan = Plan(
        path=path,
        title=table.take("title", str, path.stem),
        seeds=seeds,
        split=Split(split),
        runs=table.take("runs", str, path.stem),
        rows=tuple(_read_row(path, f"row {number}", row) for number, row in enumerate(rows, start=1)),
        measures=_read_measures(table),
        sets=tuple(_read_set(path, f"set {number}", one) for number, one in enumerate(sets, start=1)),
    )
    table.refuse_others()
    if not (plan.rows or plan.sets):
        raise table.wrong("has no [[rows]]")
    if plan.rows and plan.sets:
        raise table.wrong("has both [[rows]] and [[sets]]; write two plans")
    _check_names(plan, table)
    _check_oracles(plan, table)
    return plan


class _Table:
    """Takes typed values out of a TOML table; every error names the table."""

    def __init__(self, path: Path, where: str, values: object) -> None:
        self.path, self.where = path, where
        if not isinstance(values, dict):
            raise self.wrong(f"must be a table, not {values!r}")
        self.values: dict[str, object] = dict(values)

    def wrong(self, problem: str) -> InputError:
        return InputError(self.path, f"{self.where} {problem}", REMEDY)

    def take(self, key: str, kind: type[Value], default: Value | None = None) -> Value:
        value = self.values.pop(key, default)
        if value is None:
            raise self.wrong(f"has no {key}")
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise self.wrong(f"has {key} {value!r}, which should be of type {kind.__name__}")
        return value

    def refuse_others(self) -> None:
        for key in self.values:
            raise self.wrong(f"has {key!r}, which is not part of a plan")


def _read_measures(table: _Table) -> tuple[PlanMeasures, ...]:
    given = table.take("measures", list, [str(PlanMeasures.ALIGNMENT)])
    for measure in given:
        if measure not in list(PlanMeasures):
            raise table.wrong(f"has measures {measure!r}, which must be of {', '.join(PlanMeasures)}")
    if not given:
        raise table.wrong(f"needs measures, which must be of {', '.join(PlanMeasures)}")
    return tuple(PlanMeasures(measure) for measure in given)


def _read_row(path: Path, where: str, values: object) -> PlanRow:
    table = _Table(path, where, values)
    label = table.take("label", str)
    table.where = f"{where} ({label})"
    published = _Table(path, f"{table.where}: published", table.take("published", dict, {}))
    preset = table.take("preset", str, "")
    row = PlanRow(
        label=label,
        name=table.take("name", str, preset),
        preset=preset,
        settings=table.take("settings", dict, {}),
        retrieve=table.take("retrieve", dict, {}),
        published=_read_published(published),
        oracle_of=tuple(table.take("oracle_of", list, [])),
        by=table.take("by", str, ""),
    )
    table.refuse_others()
    if row.oracle_of and (row.preset or row.settings):
        raise table.wrong("has oracle_of, and therefore neither a preset nor settings")
    if row.by and not row.oracle_of:
        raise table.wrong("has by, which has no effect without oracle_of")
    return row


def _read_set(path: Path, where: str, values: object) -> MeasuredSet:
    table = _Table(path, where, values)
    label = table.take("label", str)
    table.where = f"{where} ({label})"
    one = MeasuredSet(
        label=label,
        corpus=table.take("corpus", str),
        splits=tuple(table.take("splits", list, [])),
        titles=table.take("titles", str, ""),
        train_titles=table.take("train_titles", str, ""),
        by_language=table.take("by_language", bool, False),
    )
    table.refuse_others()
    if not SAFE_NAME.fullmatch(one.corpus):
        raise table.wrong(f"has corpus {one.corpus!r}, which is not the name of a folder")
    for split in one.splits:
        if split not in list(Split):
            raise table.wrong(f"has split {split!r}, which must be one of {', '.join(Split)}")
    for pattern in (one.titles, one.train_titles):
        try:
            re.compile(pattern)
        except re.error as error:
            raise table.wrong(f"has {pattern!r}, which is not a regular expression ({error})") from error
    return one


def _read_published(table: _Table) -> Published:
    shares = {
        name: round(table.take(name, float) / 100, 6)
        for name in ("video_accuracy", "text_iou", "clip_recall", "text_recall")
        if name in table.values
    }
    parameters = table.take("parameters", int) if "parameters" in table.values else None
    table.refuse_others()
    return Published(**shares, parameters=parameters)


def _check_names(plan: Plan, table: _Table) -> None:
    """Names become folders, one per seed; rows that are trained alike may share them."""
    trained = [row for row in plan.rows if row.preset]
    names = [row.name for row in trained]
    for name in (plan.name, plan.runs, *names):
        if not SAFE_NAME.fullmatch(name):
            raise table.wrong(f"may only have names of letters, digits, '.', '_' and '-', not {name!r}")
    for row in trained:
        for other in trained:
            same = (other.preset, other.settings) == (row.preset, row.settings)
            apart = same and other.retrieve != row.retrieve
            if other is not row and other.name == row.name and not apart:
                raise table.wrong(f"has two rows named {row.name!r}; give one of them another name")


def _check_oracles(plan: Plan, table: _Table) -> None:
    """An oracle chooses among rows above it that are trained."""
    trained: list[str] = []
    for row in plan.rows:
        if row.preset:
            trained.append(row.name)
        if row.oracle_of and PlanMeasures.ALIGNMENT not in plan.measures:
            raise table.wrong(f"has an oracle ({row.label}), for which it must measure alignment")
        for name in row.oracle_of:
            if name not in trained:
                known = f"one of {', '.join(trained)}" if trained else "there is none"
                raise table.wrong(
                    f"has an oracle ({row.label}) of {name!r}, which is not a row above it ({known})"
                )
