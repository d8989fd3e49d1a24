"""Evaluations → reliability curves."""

from mmtool.choices import Plot
from mmtool.errors import InputError
from mmtool.formats.corpus import Corpus
from mmtool.formats.metrics import read_calibration
from mmtool.plots.reliability import Curve, Reliability, write_reliability
from mmtool.records import Failure, Progress
from mmtool.settings.plot import PlotSettings
from mmtool.stages.plot.report import PlotReport


def plot_reliability(corpus: Corpus, settings: PlotSettings, _: Progress) -> PlotReport:
    """Draw how often clips and snippets of each confidence are right, the runs in one picture."""
    curves: list[Reliability] = []
    report = PlotReport()
    for run in settings.runs:
        try:
            path = corpus.metrics(run)
            clips, snippets = (Curve(*read_calibration(path, what)) for what in ("clips", "snippets"))
        except InputError as error:
            report.failures.append(Failure(run, str(error)))
        else:
            curves.append(Reliability(run, clips, snippets))
            report.done.append(run)
    if curves:
        path = (settings.output or corpus.plots()) / f"{Plot.RELIABILITY}.{settings.format}"
        write_reliability(path, curves, settings.format)
        report.written.append(str(path))
    return report
