"""Histories of runs → plots of their training, and Table 3; their alignments → plots of those."""

from dataclasses import replace
from pathlib import Path

from mmtool.choices import Plot
from mmtool.errors import CallError
from mmtool.formats.corpus import Corpus
from mmtool.records import Progress, silent
from mmtool.settings.plot import OF_TRAINING, PlotSettings
from mmtool.stages.plot.alignments import plot_alignments
from mmtool.stages.plot.confusion import plot_confusion
from mmtool.stages.plot.ogr import plot_ogr
from mmtool.stages.plot.progress import plot_progress
from mmtool.stages.plot.reliability import plot_reliability
from mmtool.stages.plot.report import PlotReport
from mmtool.stages.plot.training import plot_training
from mmtool.stages.shared.runs import only_alignments, only_run

PLOTS = {
    Plot.OGR: plot_ogr,
    Plot.RELIABILITY: plot_reliability,
    Plot.ALIGNMENT: plot_alignments,
    Plot.PROGRESS: plot_progress,
    Plot.CONFUSION: plot_confusion,
}


def plot(
    root: Path | str,
    settings: PlotSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> PlotReport:
    """Draw runs together, each kind of plot into one file below ``plots/``, or a file for each video.

    Plots of training are drawn from ``runs/<run>/metrics.jsonl``, reliability curves from
    ``alignments/<run>/metrics.json``, the others from the alignments and the annotations. Only plots of
    single alignments need no annotations.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of :class:`PlotSettings`.
        progress: Hears how many videos of each run are drawn or read.

    Returns:
        A report with the written files. A run or video that cannot be read is a failure beside those
        that are drawn.

    Raises:
        CallError: The settings are impossible, or nothing could be drawn.
    """
    settings, corpus = PlotSettings.chosen(settings, options), Corpus.open(Path(root))
    if not settings.runs:
        only = only_run if settings.what in OF_TRAINING else only_alignments
        settings = replace(settings, runs=(only(corpus, "runs"),))
    settings = replace(settings, runs=tuple(dict.fromkeys(settings.runs)))
    report = PLOTS.get(settings.what, plot_training)(corpus, settings, progress)
    if report.pictures:
        return report
    reasons = [failure.reason for failure in report.failures] + report.notes
    raise CallError(reasons[0] if reasons else "nothing to plot; choose other `videos` or another `split`")
