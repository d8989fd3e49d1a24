"""Alignments and annotations → accuracy over the progress of the videos."""

from collections.abc import Mapping

import numpy as np

from mmtool.choices import Plot
from mmtool.evaluation.accuracy_by_time import accuracy_by_time
from mmtool.evaluation.baselines import all_unmatched
from mmtool.evaluation.measures import bootstrap
from mmtool.formats.corpus import Corpus
from mmtool.plots.accuracy_by_time import AccuracyCurve, write_accuracy_by_time
from mmtool.records import Alignment, Progress
from mmtool.settings.evaluate import EvaluateSettings
from mmtool.settings.plot import PlotSettings
from mmtool.stages.plot.report import PlotReport
from mmtool.stages.plot.videos import Truth, read_annotated_alignments


def plot_progress(corpus: Corpus, settings: PlotSettings, progress: Progress) -> PlotReport:
    """Draw the accuracy in each part of the annotated videos, the runs in one picture."""
    report, curves = PlotReport(), list[AccuracyCurve]()
    for run in settings.runs:
        annotated = read_annotated_alignments(corpus, run, settings, progress)
        report.failures += annotated.failures
        if annotated.videos:
            curves.append(_curve(run, annotated.videos))
            report.done.append(run)
    if curves:
        path = (settings.output or corpus.plots()) / f"{Plot.PROGRESS}.{settings.format}"
        write_accuracy_by_time(path, curves, settings.format)
        report.written.append(str(path))
    return report


def _curve(run: str, videos: Mapping[str, tuple[Alignment, Truth]]) -> AccuracyCurve:
    accuracies, unmatched = [], []
    for _, (alignment, truth) in sorted(videos.items()):
        clips = [clip.interval for clip in alignment.clips]
        accuracies.append(accuracy_by_time(clips, truth, alignment.matches))
        unmatched.append(accuracy_by_time(clips, truth, all_unmatched(clips, [])))
    intervals = EvaluateSettings()
    parts = [
        bootstrap(part, resamples=intervals.resamples, confidence=intervals.confidence, seed=intervals.seed)
        for part in np.array(accuracies).T
    ]
    return AccuracyCurve(
        run,
        len(videos),
        accuracy=np.array([part.value for part in parts]),
        low=np.array([part.low for part in parts]),
        high=np.array([part.high for part in parts]),
        unmatched=np.nanmean(unmatched, axis=0),
    )
