"""Alignments, and the truth where there is one → pictures of them; not a stage of its own."""

from collections.abc import Callable, Mapping

import numpy as np

from mmtool.choices import Decoder, Plot
from mmtool.errors import CallError, InputError
from mmtool.evaluation.accuracy_by_time import accuracy_by_time
from mmtool.evaluation.baselines import all_unmatched
from mmtool.evaluation.confusion import GIVEN_LABELS, TRUE_LABELS, label_confusion
from mmtool.evaluation.measures import bootstrap, score
from mmtool.formats.alignments import read_alignment
from mmtool.formats.corpus import Corpus
from mmtool.plots.accuracy_by_time import AccuracyCourse, write_accuracy_course
from mmtool.plots.alignment_grid import write_alignment_grid
from mmtool.plots.confusion import Confusion, write_confusion
from mmtool.records import Alignment, Failure, Interval, Progress, StageReport
from mmtool.settings.evaluate import EvaluateSettings
from mmtool.settings.plot import PlotSettings
from mmtool.stages.shared.truth import read_truth

Truth = list[Interval | None]


def plot_alignments(corpus: Corpus, settings: PlotSettings, report: StageReport, progress: Progress) -> None:
    """Draw each video of each run into ``plots/alignment/<run>/<id>``, also without truth."""
    folder, titles = settings.folder or corpus.plots(), corpus.titles()
    for run in dict.fromkeys(settings.runs):
        ids = _ids(corpus, run, settings)
        for number, id in enumerate(ids, start=1):
            try:
                alignment, truth = _read(corpus, run, id)
            except InputError as error:
                report.failures.append(Failure(id, str(error)))
                continue
            path = folder / str(Plot.ALIGNMENT) / run / f"{id}.{settings.format}"
            name = f"{id} · {titles[id]}" if titles.get(id) else id
            write_alignment_grid(
                path,
                alignment,
                truth,
                title=f"{run}: {name}",
                measured=_measured(alignment, truth),
                picture_format=settings.format,
            )
            if alignment.decoder == Decoder.SEMI_MARKOV and not alignment.candidates:
                report.notes.append(
                    f"{id}: aligned by an earlier version; --force keeps what else was likely"
                )
            report.done.append(id)
            report.written.append(str(path))
            progress(run, number, len(ids), "videos")
    _require_pictures(report, len(report.done))


def plot_progress(corpus: Corpus, settings: PlotSettings, report: StageReport, progress: Progress) -> None:
    """Draw accuracy in the course of the annotated videos, the runs in one picture."""
    courses = []
    for run in dict.fromkeys(settings.runs):
        videos = _annotated(corpus, run, settings, report, progress)
        if videos:
            courses.append(_course(run, videos))
            report.done.append(run)
    _require_pictures(report, int(bool(courses)))
    path = (settings.folder or corpus.plots()) / f"{Plot.PROGRESS}.{settings.format}"
    write_accuracy_course(path, courses, settings.format)
    report.written.append(str(path))


def plot_confusion(corpus: Corpus, settings: PlotSettings, report: StageReport, progress: Progress) -> None:
    """Draw a table for each run: of a network's actions, or of the clips' labels, in one picture."""
    tables = []
    for run in dict.fromkeys(settings.runs):
        is_network = (corpus.run(run) / "last.pt").exists()
        make = _confused_actions if is_network else _confused_labels
        table = make(corpus, run, settings, report, progress)
        if table.counts.any():
            tables.append(table)
            report.done.append(run)
    _require_pictures(report, int(bool(tables)))
    path = (settings.folder or corpus.plots()) / f"{Plot.CONFUSION}.{settings.format}"
    write_confusion(path, tables, settings.format)
    report.written.append(str(path))


PICTURES: Mapping[Plot, Callable[[Corpus, PlotSettings, StageReport, Progress], None]] = {
    Plot.ALIGNMENT: plot_alignments,
    Plot.PROGRESS: plot_progress,
    Plot.CONFUSION: plot_confusion,
}


def _ids(corpus: Corpus, run: str, settings: PlotSettings) -> list[str]:
    """The videos that were named, those of the split, or all that the run has aligned."""
    split = None if settings.split is None else corpus.split_ids(settings.split)
    if settings.videos:
        return [id for id in dict.fromkeys(settings.videos) if split is None or id in split]
    ids = corpus.aligned_ids(run) if split is None else split
    if not ids:
        raise CallError(f"{corpus.metrics(run).parent}: no alignments; run `mmtool align` first")
    return ids


def _read(corpus: Corpus, run: str, id: str) -> tuple[Alignment, Truth | None]:
    alignment, _ = read_alignment(corpus.alignment(run, id))
    annotated = corpus.annotations(id).exists()
    return alignment, read_truth(corpus, id, alignment.clips, alignment.snippets) if annotated else None


def _annotated_ids(corpus: Corpus, run: str, settings: PlotSettings) -> list[str]:
    ids = [id for id in _ids(corpus, run, settings) if corpus.annotations(id).exists()]
    if not ids:
        raise CallError(f"{corpus.root}: no annotations of these videos; there is no truth to draw")
    return ids


def _annotated(
    corpus: Corpus, run: str, settings: PlotSettings, report: StageReport, progress: Progress
) -> dict[str, tuple[Alignment, Truth]]:
    """The videos with truth by id; those that cannot be read are failures."""
    videos: dict[str, tuple[Alignment, Truth]] = {}
    ids = _annotated_ids(corpus, run, settings)
    for number, id in enumerate(ids, start=1):
        try:
            alignment, truth = _read(corpus, run, id)
            if truth is not None:
                videos[id] = alignment, truth
        except InputError as error:
            report.failures.append(Failure(id, str(error)))
        progress(run, number, len(ids), "videos")
    return videos


def _measured(alignment: Alignment, truth: Truth | None) -> str:
    if truth is None:
        return ""
    result = score([clip.interval for clip in alignment.clips], truth, alignment.matches)
    return f"video accuracy {100 * result.video_accuracy:.0f} %, text IoU {100 * result.text_iou:.0f} %"


def _course(run: str, videos: Mapping[str, tuple[Alignment, Truth]]) -> AccuracyCourse:
    own, nothing = [], []
    for _, (alignment, truth) in sorted(videos.items()):
        clips = [clip.interval for clip in alignment.clips]
        own.append(accuracy_by_time(clips, truth, alignment.matches))
        nothing.append(accuracy_by_time(clips, truth, all_unmatched(clips, [])))
    settings = EvaluateSettings()
    parts = [
        bootstrap(part, resamples=settings.resamples, confidence=settings.confidence, seed=settings.seed)
        for part in np.array(own).T
    ]
    return AccuracyCourse(
        run,
        len(videos),
        accuracy=np.array([part.value for part in parts]),
        low=np.array([part.low for part in parts]),
        high=np.array([part.high for part in parts]),
        unmatched=np.nanmean(nothing, axis=0),
    )


def _confused_actions(
    corpus: Corpus, run: str, settings: PlotSettings, report: StageReport, progress: Progress
) -> Confusion:
    from mmtool.stages.plot.action_confusion import count_actions

    actions, counts = count_actions(corpus, run, _annotated_ids(corpus, run, settings), report, progress)
    return Confusion(
        run=run,
        true_name="right action",
        given_name="most probable action, after the right ones",
        true_labels=actions,
        given_labels=actions,
        counts=counts,
        right=np.eye(len(actions), dtype=bool),
    )


def _confused_labels(
    corpus: Corpus, run: str, settings: PlotSettings, report: StageReport, progress: Progress
) -> Confusion:
    counts = np.zeros((len(TRUE_LABELS), len(GIVEN_LABELS)), dtype=np.int64)
    for alignment, truth in _annotated(corpus, run, settings, report, progress).values():
        counts += label_confusion([clip.interval for clip in alignment.clips], truth, alignment.matches)
    return Confusion(
        run=run,
        true_name="clips that show",
        given_name="are matched with",
        true_labels=TRUE_LABELS,
        given_labels=GIVEN_LABELS,
        counts=counts,
        right=np.eye(len(TRUE_LABELS), len(GIVEN_LABELS), dtype=bool),
    )


def _require_pictures(report: StageReport, pictures: int) -> None:
    """Raise CallError with the first reason where nothing can be drawn."""
    if not pictures and report.failures:
        raise CallError(report.failures[0].reason)
    if not pictures:
        raise CallError("nothing to draw; name other videos with --video or --split")
    report.facts["pictures"] = pictures
