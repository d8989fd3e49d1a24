"""Alignments and annotations → which actions, or which clips' labels, are mistaken for which."""

import numpy as np

from mmtool.choices import Plot
from mmtool.evaluation.confusion import GIVEN_LABELS, TRUE_LABELS, label_confusion
from mmtool.formats.corpus import Corpus
from mmtool.plots.confusion import Confusion, write_confusion
from mmtool.records import Failure, Progress
from mmtool.settings.plot import PlotSettings
from mmtool.stages.plot.report import PlotReport
from mmtool.stages.plot.videos import annotated_ids, read_annotated_alignments


def plot_confusion(corpus: Corpus, settings: PlotSettings, progress: Progress) -> PlotReport:
    """Draw a table for each run: of a network's actions, or of the clips' labels, in one picture."""
    report, tables = PlotReport(), list[Confusion]()
    for run in settings.runs:
        has_network = (corpus.run(run) / "last.pt").exists()
        confuse = _confused_actions if has_network else _confused_labels
        table, failures = confuse(corpus, run, settings, progress)
        report.failures += failures
        if table.counts.any():
            tables.append(table)
            report.done.append(run)
    if tables:
        path = (settings.output or corpus.plots()) / f"{Plot.CONFUSION}.{settings.format}"
        write_confusion(path, tables, settings.format)
        report.written.append(str(path))
    return report


def _confused_actions(
    corpus: Corpus, run: str, settings: PlotSettings, progress: Progress
) -> tuple[Confusion, list[Failure]]:
    from mmtool.stages.plot.action_confusion import count_actions

    counted = count_actions(corpus, run, annotated_ids(corpus, run, settings), progress)
    table = Confusion(
        run=run,
        true_name="right action",
        given_name="most probable action, given the right ones before it",
        true_labels=counted.actions,
        given_labels=counted.actions,
        counts=counted.counts,
        right=np.eye(len(counted.actions), dtype=bool),
    )
    return table, counted.failures


def _confused_labels(
    corpus: Corpus, run: str, settings: PlotSettings, progress: Progress
) -> tuple[Confusion, list[Failure]]:
    annotated = read_annotated_alignments(corpus, run, settings, progress)
    counts = np.zeros((len(TRUE_LABELS), len(GIVEN_LABELS)), dtype=np.int64)
    for alignment, truth in annotated.videos.values():
        counts += label_confusion([clip.interval for clip in alignment.clips], truth, alignment.matches)
    table = Confusion(
        run=run,
        true_name="clips that show",
        given_name="are matched with",
        true_labels=TRUE_LABELS,
        given_labels=GIVEN_LABELS,
        counts=counts,
        right=np.eye(len(TRUE_LABELS), len(GIVEN_LABELS), dtype=bool),
    )
    return table, annotated.failures
