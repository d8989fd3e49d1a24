"""Alignments and annotations → video accuracy and text IoU, and how honest their confidence is."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

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
from mmtool.formats.metrics import without_nan, write_metrics
from mmtool.records import Failure, Quality, StageReport
from mmtool.settings.evaluate import EvaluateSettings
from mmtool.stages.shared.truth import read_truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Summaries by row name, the run first; of the run, everything else that is known.

    ``calibration`` is of its ``clips`` and of its ``snippets``; ``qualities`` are of the videos whose
    alignments were judged when they were made, and ``verdicts`` says whether rightly.
    """

    report: StageReport
    summaries: dict[str, Summary]
    videos: dict[str, VideoScore]
    calibration: dict[str, Calibration]
    qualities: dict[str, Quality]
    verdicts: Verdicts


@dataclass(frozen=True, slots=True)
class _Measured:
    """One video: the score of the run, of each baseline and of the upper bound; the run's confidence."""

    scores: dict[str, VideoScore]
    clips: Decisions
    snippets: Decisions
    quality: Quality | None


def evaluate(root: Path, settings: EvaluateSettings) -> Evaluation:
    """Measure ``alignments/<run>`` on a split, or on all that is annotated; write ``metrics.json``.

    The baselines and the upper bound are measured on the same videos.
    """
    corpus, report = Corpus.open(root), StageReport("evaluate")
    corpus.require_aligned(settings.run)
    measured: dict[str, _Measured] = {}
    for id in _ids(corpus, settings):
        try:
            measured[id] = _measure(corpus, settings.run, id)
            report.done.append(id)
        except InputError as error:
            report.failures.append(Failure(id, str(error)))
    if not report.done:
        raise CallError(
            str(report.failures[0].reason) if report.failures else f"{corpus.root}: nothing to evaluate"
        )
    evaluation = _evaluation(report, measured, settings)
    path = corpus.metrics(settings.run)
    write_metrics(path, as_json(settings, evaluation))
    report.written.append(str(path))
    return evaluation


def _evaluation(
    report: StageReport, measured: Mapping[str, _Measured], settings: EvaluateSettings
) -> Evaluation:
    summaries = {
        name: summarise(
            {id: video.scores[name] for id, video in measured.items()},
            resamples=settings.resamples,
            confidence=settings.confidence,
            seed=settings.seed,
        )
        for name in (settings.run, *REFERENCES)
    }
    videos = {id: video.scores[settings.run] for id, video in measured.items()}
    qualities = {id: video.quality for id, video in measured.items() if video.quality is not None}
    return Evaluation(
        report=report,
        summaries=summaries,
        videos=videos,
        calibration={
            "clips": calibrate([video.clips for video in measured.values()]),
            "snippets": calibrate([video.snippets for video in measured.values()]),
        },
        qualities=qualities,
        verdicts=compare(videos, qualities),
    )


def as_json(settings: EvaluateSettings, evaluation: Evaluation) -> dict[str, object]:
    """What ``metrics.json`` holds; shares in 0..1, null where there is nothing to measure."""
    content: dict[str, object] = {
        "run": settings.run,
        "split": settings.split,
        "confidence": settings.confidence,
        "measures": {name: asdict(summary) for name, summary in evaluation.summaries.items()},
        "calibration": {name: asdict(c) for name, c in evaluation.calibration.items()},
        "verdicts": asdict(evaluation.verdicts),
        "videos": {
            id: {
                "video_accuracy": result.video_accuracy,
                "text_iou": result.text_iou,
                "ious": list(result.ious),
                "quality": quality_as_json(evaluation.qualities.get(id)),
            }
            for id, result in evaluation.videos.items()
        },
    }
    return {name: without_nan(value) for name, value in content.items()}


def _ids(corpus: Corpus, settings: EvaluateSettings) -> list[str]:
    if settings.split is not None:
        return corpus.split_ids(settings.split)
    ids = corpus.ids_in("annotations", ".tsv")
    if not ids:
        raise CallError(
            f"{corpus.root}: no annotations in annotations/; there is no truth to measure against"
        )
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
