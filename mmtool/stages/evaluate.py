"""Alignments and annotations → video accuracy and text IoU, and how well calibrated the confidence is."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from mmtool.choices import Split
from mmtool.errors import CallError, InputError
from mmtool.evaluation.calibration import (
    Calibration,
    Decisions,
    calibrate,
    clip_decisions,
    snippet_decisions,
)
from mmtool.evaluation.measures import Summary, VideoScore, summarise
from mmtool.evaluation.rows import REFERENCES, score_rows
from mmtool.evaluation.verdicts import Verdicts, compare
from mmtool.formats.alignments import quality_as_json, read_alignment
from mmtool.formats.corpus import Corpus
from mmtool.formats.measured_tables import Cell, MeasuredTable, write_table
from mmtool.formats.metrics import without_nan, write_metrics
from mmtool.records import Failure, Progress, Quality, Report, silent
from mmtool.settings.evaluate import EvaluateSettings
from mmtool.settings.run_names import TIMING
from mmtool.stages.shared.measured import measured
from mmtool.stages.shared.runs import only_alignments
from mmtool.stages.shared.truth import read_truth


@dataclass(frozen=True, slots=True)
class EvaluatedVideo:
    """The score of one video, and its quality as judged when it was aligned, where that is known."""

    score: VideoScore
    quality: Quality | None


@dataclass(slots=True, kw_only=True)
class EvaluateReport(Report):
    """The measures of one run, of the baselines and of the upper bound.

    ``measures`` has a summary for each row by name, the run first; ``confidence`` is the level of its
    intervals. ``calibration`` has the entries ``clips`` and ``snippets``. ``verdicts`` compares the
    expected with the measured accuracy of the videos whose quality is known.
    """

    stage: ClassVar[str] = "evaluate"
    run: str
    split: Split | None
    confidence: float
    measures: dict[str, Summary]
    calibration: dict[str, Calibration]
    verdicts: Verdicts
    videos: dict[str, EvaluatedVideo] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The content of ``metrics.json``: shares in 0..1, null where nothing could be measured."""
        content: dict[str, object] = {
            "run": self.run,
            "split": self.split,
            "confidence": self.confidence,
            "measures": {name: asdict(summary) for name, summary in self.measures.items()},
            "calibration": {name: asdict(measured) for name, measured in self.calibration.items()},
            "verdicts": asdict(self.verdicts),
            "videos": {
                id: {
                    "video_accuracy": video.score.video_accuracy,
                    "text_iou": video.score.text_iou,
                    "ious": list(video.score.ious),
                    "quality": quality_as_json(video.quality),
                }
                for id, video in self.videos.items()
            },
        }
        return {name: without_nan(value) for name, value in content.items()}


@dataclass(frozen=True, slots=True)
class _Measured:
    """One video: the score of the run, of each baseline and of the upper bound; the run's confidence."""

    scores: dict[str, VideoScore]
    clips: Decisions
    snippets: Decisions
    quality: Quality | None


def evaluate(
    root: Path | str,
    settings: EvaluateSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> EvaluateReport:
    """Measure ``alignments/<run>`` on a split, or on all annotated videos; write ``metrics.json``.

    The baselines and the upper bound are measured on the same videos.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of :class:`EvaluateSettings`.
        progress: Hears how many videos are measured.

    Returns:
        A report with the measures as shares in 0..1. A video that cannot be measured is a failure
        beside those that can.

    Raises:
        CallError: The settings are impossible, or no video could be measured.
    """
    settings, corpus = EvaluateSettings.chosen(settings, options), Corpus.open(Path(root))
    if not settings.run:
        by_timing = corpus.metrics(TIMING).parent.is_dir()  # as `align` without a run names its alignments
        settings = replace(settings, run=TIMING if by_timing else only_alignments(corpus))
    corpus.require_aligned(settings.run)
    measured: dict[str, _Measured] = {}
    failures: list[Failure] = []
    ids = _ids(corpus, settings)
    for number, id in enumerate(ids, start=1):
        try:
            measured[id] = _measure(corpus, settings.run, id)
        except InputError as error:
            failures.append(Failure(id, str(error)))
        progress("evaluating", number, len(ids), "videos")
    if not measured:
        raise CallError(failures[0].reason)
    report = _report(measured, failures, settings)
    path = corpus.metrics(settings.run)
    write_metrics(path, report.as_json())
    report.written.append(str(path))
    if settings.table is not None:
        write_table(settings.table, _table(report))
        report.written.append(str(settings.table))
    return report


def _table(report: EvaluateReport) -> MeasuredTable:
    columns = (
        "row",
        "videos",
        "snippets",
        "video accuracy",
        "text IoU",
        "micro video accuracy",
        "micro text IoU",
    )
    rows: list[tuple[Cell, ...]] = [
        (
            name,
            summary.videos,
            summary.snippets,
            measured(summary.video_accuracy),
            measured(summary.text_iou),
            float(summary.micro_video_accuracy),
            float(summary.micro_text_iou),
        )
        for name, summary in report.measures.items()
    ]
    return MeasuredTable(columns, rows)


def _report(
    measured: Mapping[str, _Measured], failures: list[Failure], settings: EvaluateSettings
) -> EvaluateReport:
    summaries = {
        name: summarise(
            {id: video.scores[name] for id, video in measured.items()},
            resamples=settings.resamples,
            confidence=settings.confidence,
            seed=settings.seed,
        )
        for name in (settings.run, *REFERENCES)
    }
    scores = {id: video.scores[settings.run] for id, video in measured.items()}
    qualities = {id: video.quality for id, video in measured.items() if video.quality is not None}
    return EvaluateReport(
        done=list(measured),
        failures=failures,
        run=settings.run,
        split=settings.split,
        confidence=settings.confidence,
        measures=summaries,
        calibration={
            "clips": calibrate([video.clips for video in measured.values()]),
            "snippets": calibrate([video.snippets for video in measured.values()]),
        },
        verdicts=compare(scores, qualities),
        videos={id: EvaluatedVideo(scores[id], video.quality) for id, video in measured.items()},
    )


def _ids(corpus: Corpus, settings: EvaluateSettings) -> list[str]:
    if settings.split is not None:
        return corpus.split_ids(settings.split)
    ids = corpus.ids_in("annotations", ".tsv")
    if not ids:
        raise CallError(f"{corpus.root / 'annotations'}: no annotations; evaluate needs annotated videos")
    return ids


def _measure(corpus: Corpus, run: str, id: str) -> _Measured:
    alignment, _ = read_alignment(corpus.alignment(run, id))
    truth = read_truth(corpus, id, alignment.clips, alignment.snippets)
    clips = [clip.interval for clip in alignment.clips]
    texts = [snippet.text for snippet in alignment.snippets]
    return _Measured(
        scores=score_rows({run: alignment.matches}, clips, texts, truth),
        clips=clip_decisions(clips, truth, alignment.matches, alignment.clip_confidence),
        snippets=snippet_decisions(clips, truth, alignment.matches, alignment.snippet_confidence),
        quality=alignment.quality,
    )
