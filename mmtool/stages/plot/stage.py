"""Histories of runs → pictures of their training, and Table 3; their alignments → pictures of those."""

from dataclasses import dataclass
from pathlib import Path

from mmtool.choices import Plot
from mmtool.errors import CallError, InputError
from mmtool.formats.corpus import Corpus
from mmtool.formats.csv_rows import write_rows
from mmtool.formats.metrics import first_damaged_line, read_calibration, read_history
from mmtool.plots.curves import DRAW, write_plot
from mmtool.plots.history import RatioRow, RunHistory, ratio_row
from mmtool.plots.reliability import Curve, Reliability, write_reliability
from mmtool.records import Failure, Progress, StageReport, silent
from mmtool.settings.plot import PlotSettings
from mmtool.stages.plot.alignments import PICTURES


@dataclass(frozen=True, slots=True)
class Plots:
    """What was drawn, and a row of Table 3 for each run, where ratios were."""

    report: StageReport
    ratios: list[RatioRow]


def plot(root: Path, settings: PlotSettings, *, progress: Progress = silent) -> Plots:
    """Draw what ``runs/<run>/metrics.jsonl`` of all named runs say, each kind of picture in one file.

    The reliability curves are those of ``alignments/<run>/metrics.json``; the other pictures of
    alignments are drawn from these and from the truth, an alignment's own even without.

    Runs that cannot be read are failures and the others are drawn; raises CallError where nothing
    can be drawn.
    """
    corpus, report = Corpus.open(root), StageReport("plot")
    if settings.what in PICTURES:
        PICTURES[settings.what](corpus, settings, report, progress)
        return Plots(report, [])
    for option, given in (("video", settings.videos), ("split", settings.split)):
        if given:
            raise CallError(f"--{option}: means nothing to --what {settings.what}; leave it out")
    if settings.what is Plot.RELIABILITY:
        return _plot_reliability(corpus, settings, report)
    histories = []
    for run in dict.fromkeys(settings.runs):
        try:
            histories.append(_read_run(corpus, run, report))
            report.done.append(run)
        except InputError as error:
            report.failures.append(Failure(run, str(error)))
    if not histories:
        raise CallError(report.failures[0].reason)
    folder = settings.folder or corpus.plots()
    kinds = list(DRAW) if settings.what is Plot.ALL else [settings.what]
    drawn = []
    for kind in kinds:
        lacking = [history.run for history in histories if not _has(kind, history)]
        report.notes += [_lacks(corpus, run, kind) for run in lacking]
        if len(lacking) < len(histories):
            path = folder / f"{kind}.{settings.format}"
            write_plot(path, kind, histories, settings.format)
            report.written.append(str(path))
            drawn.append(kind)
    if not drawn:
        raise CallError(report.notes[0])
    rows = [ratio_row(history) for history in histories if history.ratios] if Plot.RATIOS in drawn else []
    if rows:
        report.written.append(str(_write_ratios(folder / "ratios.csv", rows)))
    report.facts["pictures"] = len(drawn)
    return Plots(report, rows)


def _plot_reliability(corpus: Corpus, settings: PlotSettings, report: StageReport) -> Plots:
    curves = []
    for run in dict.fromkeys(settings.runs):
        try:
            path = corpus.metrics(run)
            clips, snippets = (Curve(*read_calibration(path, what)) for what in ("clips", "snippets"))
            curves.append(Reliability(run, clips, snippets))
            report.done.append(run)
        except InputError as error:
            report.failures.append(Failure(run, str(error)))
    if not curves:
        raise CallError(report.failures[0].reason)
    path = (settings.folder or corpus.plots()) / f"{Plot.RELIABILITY}.{settings.format}"
    write_reliability(path, curves, settings.format)
    report.written.append(str(path))
    report.facts["pictures"] = 1
    return Plots(report, [])


def _read_run(corpus: Corpus, run: str, report: StageReport) -> RunHistory:
    """One run's epochs; raises InputError where there is no such run or nothing to draw."""
    folder = corpus.run(run)
    path = corpus.history(run)
    if not folder.is_dir():
        known = ", ".join(sorted(other.name for other in folder.parent.glob("*") if other.is_dir()))
        remedy = f"choose one of {known}" if known else "train it with `mmtool train`"
        raise InputError(folder, "no such run", remedy)
    try:
        epochs, damaged = read_history(path), first_damaged_line(path)
        if not epochs:
            problem = (
                f"line {damaged} is damaged and no epoch is before it" if damaged else "has no epochs yet"
            )
            raise InputError(path, problem, "run `mmtool train` with this --run, then plot again")
        history = RunHistory.of(run, epochs)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check its permissions") from error
    except ValueError as error:
        raise InputError(
            path, f"is no history of a training: {error}", "train the run again with --force"
        ) from error
    if damaged:
        report.notes.append(f"{path}: line {damaged} is damaged; drawn up to epoch {epochs[-1]['epoch']}")
    return history


def _has(kind: Plot, history: RunHistory) -> bool:
    return bool({Plot.TRAINING: history.curves, Plot.RATIOS: history.ratios, Plot.DRIFT: history.means}[kind])


def _lacks(corpus: Corpus, run: str, kind: Plot) -> str:
    path = corpus.history(run)
    return f"{path}: records nothing for --what {kind}; train the run again with --force to have it drawn"


def _write_ratios(path: Path, rows: list[RatioRow]) -> Path:
    """Table 3 as CSV."""
    components = list(dict.fromkeys(component for row in rows for component in row.ratios))
    columns = ["run", "epochs", *components, "text_stack/video_stack"]
    numbers = [[*(row.ratios.get(name) for name in components), row.text_to_video] for row in rows]
    cells = [["" if value is None else f"{value:.6g}" for value in values] for values in numbers]
    write_rows(path, columns, [[row.run, row.epochs, *rest] for row, rest in zip(rows, cells, strict=True)])
    return path
