"""Histories of runs → what was learned and what was overfitted, by branch and epoch."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from mmtool.choices import Plot
from mmtool.errors import InputError
from mmtool.evaluation.overfitting import OgrRow
from mmtool.formats.corpus import Corpus
from mmtool.formats.csv_rows import write_rows
from mmtool.plots.ogr import OgrCurve, write_ogr
from mmtool.records import Failure, Progress
from mmtool.settings.plot import PlotSettings
from mmtool.stages.plot.report import PlotReport
from mmtool.stages.plot.training import not_a_history, nothing_recorded, read_epochs
from mmtool.stages.shared.overfitting import ogr_rows, telling

COLUMNS = ("run", "branch", "epoch", "train_loss", "validation_loss", "G", "O", "OGR")


def plot_ogr(corpus: Corpus, settings: PlotSettings, _: Progress) -> PlotReport:
    """Draw G, O and OGR of all branches of the runs into one picture, and write them as a table."""
    report, rows = PlotReport(), list[OgrRow]()
    for run in settings.runs:
        try:
            epochs, damage = read_epochs(corpus, run)
            try:
                found = ogr_rows(run, epochs)
            except ValueError as error:
                raise not_a_history(corpus, run, error) from error
        except InputError as error:
            report.failures.append(Failure(run, str(error)))
            continue
        report.notes += damage
        if not found:
            report.notes.append(nothing_recorded(corpus, run, Plot.OGR))
            continue
        rows += found
        report.done.append(run)
    if rows:
        folder = settings.output or corpus.plots()
        picture, table = folder / f"{Plot.OGR}.{settings.format}", folder / "ogr.csv"
        write_ogr(picture, _curves(rows), settings.format)
        _write_table(table, rows)
        report.written += [str(picture), str(table)]
        report.ogr = telling(rows)
    return report


def _curves(rows: Sequence[OgrRow]) -> list[OgrCurve]:
    return [
        OgrCurve(
            run,
            branch,
            *(
                np.array([getattr(row, name) for row in of_branch], dtype=np.float64)
                for name in ("epoch", "generalisation", "overfitting", "ratio")
            ),
        )
        for (run, branch), group in groupby(rows, key=lambda row: (row.run, row.branch))
        for of_branch in [list(group)]
    ]


def _write_table(path: Path, rows: Sequence[OgrRow]) -> None:
    write_rows(path, COLUMNS, [[row.run, row.branch, row.epoch, *_numbers(row)] for row in rows])


def _numbers(row: OgrRow) -> list[str]:
    values = (row.train_loss, row.validation_loss, row.generalisation, row.overfitting, row.ratio)
    return ["" if value is None else f"{value:.6g}" for value in values]
