"""Several runs' alignments of the same videos → the differences between the runs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from mmtool.errors import CallError, InputError
from mmtool.evaluation.comparison import Comparison, compare_scores
from mmtool.evaluation.measures import VideoScore, score
from mmtool.evaluation.overfitting import OgrRow
from mmtool.formats.alignments import read_alignment
from mmtool.formats.corpus import Corpus
from mmtool.formats.measured_tables import Cell, MeasuredTable, write_table
from mmtool.formats.metrics import read_history
from mmtool.records import Failure, Progress, Report, silent
from mmtool.settings.compare import CompareSettings
from mmtool.stages.shared.measured import measured
from mmtool.stages.shared.overfitting import ogr_rows, telling
from mmtool.stages.shared.runs import not_aligned_by_all
from mmtool.stages.shared.truth import read_truth


@dataclass(slots=True, kw_only=True)
class CompareReport(Report):
    """Each further run minus the ``first``, by the run's name, on the videos that all runs aligned.

    ``ogr`` has the best and the last epoch of each branch of those runs whose overfitting was measured.
    """

    stage: ClassVar[str] = "compare"
    first: str
    comparisons: dict[str, Comparison]
    ogr: list[OgrRow] = field(default_factory=list)


def compare(
    root: Path | str,
    settings: CompareSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> CompareReport:
    """Compare runs on the annotated videos, of a split or of the corpus, that every run has aligned.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of :class:`CompareSettings`.
        progress: Hears how many videos of each run are measured.

    Returns:
        A report with the differences as shares, -1..1. A video that cannot be measured is a failure
        beside those that can.

    Raises:
        CallError: The settings are impossible, or no video could be compared.
    """
    settings, corpus = CompareSettings.chosen(settings, options), Corpus.open(Path(root))
    scores: dict[str, dict[str, VideoScore]] = {run: {} for run in settings.runs}
    failures: list[Failure] = []
    for run in settings.runs:
        ids = _ids(corpus, run, settings)
        for number, (id, result) in enumerate(_scores(corpus, run, ids), start=1):
            if isinstance(result, Failure):
                failures.append(result)
            else:
                scores[run][id] = result
            progress(run, number, len(ids), "videos")
    common = set.intersection(*(set(of_run) for of_run in scores.values()))
    if not common:
        raise CallError(
            f"{corpus.root}: no annotated video is aligned by all of {', '.join(settings.runs)}; "
            "run `mmtool align` with the same `split` for each"
        )
    first, *others = settings.runs
    report = CompareReport(
        done=sorted(common),
        failures=failures,
        first=first,
        comparisons={
            run: compare_scores(
                {id: scores[first][id] for id in common},
                {id: scores[run][id] for id in common},
                resamples=settings.resamples,
                confidence=settings.confidence,
                seed=settings.seed,
            )
            for run in others
        },
    )
    for run in settings.runs:
        report.ogr += _ogr(corpus, run, report)
    omitted = len(set.union(*(set(of_run) for of_run in scores.values())) - common)
    if omitted:
        report.notes.append(not_aligned_by_all(omitted))
    if settings.table is not None:
        write_table(settings.table, _table(report))
        report.written.append(str(settings.table))
    return report


def _ogr(corpus: Corpus, run: str, report: CompareReport) -> list[OgrRow]:
    """What is told of a run's overfitting; a note where its history cannot be read."""
    path = corpus.history(run)
    try:
        return telling(ogr_rows(run, read_history(path)))
    except (OSError, ValueError):
        report.notes.append(f"{path}: cannot be read as a training history; OGR is not shown")
        return []


def _table(report: CompareReport) -> MeasuredTable:
    rows: list[tuple[Cell, ...]] = [
        (f"{run} − {report.first}", found.videos, measured(found.video_accuracy), measured(found.text_iou))
        for run, found in report.comparisons.items()
    ]
    return MeasuredTable(("difference", "videos", "video accuracy", "text IoU"), rows, signed=True)


def _ids(corpus: Corpus, run: str, settings: CompareSettings) -> list[str]:
    """The annotated videos that a run has aligned; raises CallError where it has aligned none at all."""
    aligned = set(corpus.require_aligned(run))
    annotated = corpus.ids_in("annotations", ".tsv")
    wanted = annotated if settings.split is None else corpus.split_ids(settings.split)
    return [id for id in wanted if id in aligned]


def _scores(corpus: Corpus, run: str, ids: list[str]) -> Iterator[tuple[str, VideoScore | Failure]]:
    for id in ids:
        try:
            alignment, _ = read_alignment(corpus.alignment(run, id))
            truth = read_truth(corpus, id, alignment.clips, alignment.snippets)
        except InputError as error:
            yield id, Failure(id, str(error))
        else:
            yield id, score([clip.interval for clip in alignment.clips], truth, alignment.matches)
