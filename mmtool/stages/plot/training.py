"""Histories of runs → plots of their training, and Table 3."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmtool.choices import Plot
from mmtool.errors import InputError
from mmtool.formats.corpus import Corpus
from mmtool.formats.csv_rows import write_rows
from mmtool.formats.metrics import first_damaged_line, read_history
from mmtool.plots.curves import DRAW, write_plot
from mmtool.plots.history import RatioRow, RunHistory, ratio_row
from mmtool.records import Failure, Progress
from mmtool.settings.plot import PlotSettings
from mmtool.stages.plot.report import PlotReport


def plot_training(corpus: Corpus, settings: PlotSettings, _: Progress) -> PlotReport:
    """Draw curves, ratios and drift, or one of them, of all runs that have a history."""
    report, histories = PlotReport(), list[RunHistory]()
    for run in settings.runs:
        try:
            epochs, damage = read_epochs(corpus, run)
            history = history_of(corpus, run, epochs)
        except InputError as error:
            report.failures.append(Failure(run, str(error)))
            continue
        histories.append(history)
        report.done.append(run)
        report.notes += damage
        if "clip_recall" in epochs[-1]:
            report.notes.append(
                f"{corpus.history(run)}: is the history of a matcher, of which only the loss is drawn; R@1 "
                "stands in the file"
            )
    folder = settings.output or corpus.plots()
    for kind in list(DRAW) if settings.what is Plot.ALL else [settings.what]:
        without = [history.run for history in histories if not _records(kind, history)]
        report.notes += [nothing_recorded(corpus, run, kind) for run in without]
        if len(without) == len(histories):
            continue
        path = folder / f"{kind}.{settings.format}"
        write_plot(path, kind, histories, settings.format)
        report.written.append(str(path))
        if kind is Plot.RATIOS:
            report.ratios = [ratio_row(history) for history in histories if history.ratios]
    if report.ratios:
        path = folder / "ratios.csv"
        _write_ratios(path, report.ratios)
        report.written.append(str(path))
    return report


def read_epochs(corpus: Corpus, run: str) -> tuple[list[dict[str, Any]], list[str]]:
    """A run's epochs, and a note where the file is damaged after them.

    Raises InputError where there is no such run or nothing to draw.
    """
    folder, path = corpus.run(run), corpus.history(run)
    if not folder.is_dir():
        known = ", ".join(sorted(other.name for other in folder.parent.glob("*") if other.is_dir()))
        remedy = f"choose one of {known}" if known else "train it with `mmtool train`"
        raise InputError(folder, "no such run", remedy)
    try:
        epochs, damaged = read_history(path), first_damaged_line(path)
        if not epochs:
            problem = f"line {damaged}, the first, is damaged" if damaged else "has no epochs yet"
            raise InputError(path, problem, f"run `mmtool train --run {run}`, then plot again")
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check its permissions") from error
    note = f"{path}: line {damaged} is damaged; plotted up to epoch {epochs[-1]['epoch']}"
    return epochs, [note] * bool(damaged)


def history_of(corpus: Corpus, run: str, epochs: Sequence[Mapping[str, Any]]) -> RunHistory:
    """The epochs as columns; raises InputError for values that training does not write."""
    try:
        return RunHistory.of(run, epochs)
    except ValueError as error:
        raise not_a_history(corpus, run, error) from error


def not_a_history(corpus: Corpus, run: str, error: ValueError) -> InputError:
    """The error for epochs with values that training does not write."""
    return InputError(
        corpus.history(run),
        f"is not a training history: {error}",
        f"run `mmtool train --run {run} --force`",
    )


def _records(kind: Plot, history: RunHistory) -> bool:
    """Whether the history has what a kind of plot shows."""
    return bool({Plot.TRAINING: history.curves, Plot.RATIOS: history.ratios, Plot.DRIFT: history.means}[kind])


def nothing_recorded(corpus: Corpus, run: str, kind: Plot) -> str:
    """The note on a history without what a kind of plot shows."""
    path = corpus.history(run)
    return f"{path}: records nothing for `what={kind}`; run `mmtool train --run {run} --force` to record it"


def _write_ratios(path: Path, rows: list[RatioRow]) -> None:
    """Write Table 3 as CSV."""
    components = list(dict.fromkeys(component for row in rows for component in row.ratios))
    columns = ["run", "epochs", *components, "text_stack/video_stack"]
    numbers = [[*(row.ratios.get(name) for name in components), row.text_to_video] for row in rows]
    cells = [["" if value is None else f"{value:.6g}" for value in values] for values in numbers]
    write_rows(path, columns, [[row.run, row.epochs, *rest] for row, rest in zip(rows, cells, strict=True)])
