"""Alignments and annotations → video accuracy and text IoU, beside what trivial rules reach."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from mmtool.errors import CallError, InputError
from mmtool.evaluation.baselines import BASELINES
from mmtool.evaluation.labels import upper_bound
from mmtool.evaluation.measures import Summary, VideoScore, score, summarise
from mmtool.formats.alignments import read_alignment
from mmtool.formats.corpus import Corpus
from mmtool.formats.metrics import write_metrics
from mmtool.records import Failure, StageReport
from mmtool.settings import EvaluateSettings
from mmtool.stages.truth import read_truth

UPPER_BOUND = "upper bound"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Summaries by row name, the run first, and the run's score of each video."""

    report: StageReport
    summaries: dict[str, Summary]
    videos: dict[str, VideoScore]


def evaluate(root: Path, settings: EvaluateSettings) -> Evaluation:
    """Measure ``alignments/<run>`` on a split, or on all that is annotated; write ``metrics.json``.

    The baselines and the upper bound are measured on the same videos.
    """
    corpus, report = Corpus.open(root), StageReport("evaluate")
    _require_alignments(corpus, settings.run)
    rows: dict[str, dict[str, VideoScore]] = {settings.run: {}}
    rows |= {name: {} for name in (*BASELINES, UPPER_BOUND)}
    for id in _ids(corpus, settings):
        try:
            for name, result in _scores(corpus, settings.run, id).items():
                rows[name][id] = result
            report.done.append(id)
        except InputError as error:
            report.failures.append(Failure(id, str(error)))
    if not report.done:
        raise CallError(
            str(report.failures[0].reason) if report.failures else f"{corpus.root}: nothing to evaluate"
        )
    summaries = {
        name: summarise(
            scores, resamples=settings.resamples, confidence=settings.confidence, seed=settings.seed
        )
        for name, scores in rows.items()
    }
    path = corpus.metrics(settings.run)
    write_metrics(path, as_json(settings, summaries, rows[settings.run]))
    report.written.append(str(path))
    return Evaluation(report, summaries, rows[settings.run])


def as_json(
    settings: EvaluateSettings, summaries: Mapping[str, Summary], videos: Mapping[str, VideoScore]
) -> dict[str, object]:
    """What ``metrics.json`` holds; shares in 0..1."""
    return {
        "run": settings.run,
        "split": settings.split,
        "confidence": settings.confidence,
        "measures": {name: asdict(summary) for name, summary in summaries.items()},
        "videos": {
            id: {
                "video_accuracy": result.video_accuracy,
                "text_iou": result.text_iou,
                "ious": list(result.ious),
            }
            for id, result in videos.items()
        },
    }


def _require_alignments(corpus: Corpus, run: str) -> None:
    folder = corpus.metrics(run).parent
    if not folder.is_dir():
        others = sorted(path.name for path in folder.parent.glob("[!.]*") if path.is_dir())
        remedy = f"name others with --run: {', '.join(others)}" if others else "run `mmtool align` first"
        raise CallError(f"{folder}: no such alignments; {remedy}")


def _ids(corpus: Corpus, settings: EvaluateSettings) -> list[str]:
    if settings.split is not None:
        return corpus.split_ids(settings.split)
    ids = corpus.ids_in("annotations", ".tsv")
    if not ids:
        raise CallError(
            f"{corpus.root}: no annotations in annotations/; there is no truth to measure against"
        )
    return ids


def _scores(corpus: Corpus, run: str, id: str) -> dict[str, VideoScore]:
    """The score of the run, of each baseline and of the upper bound on one video."""
    alignment, _ = read_alignment(corpus.alignment(run, id))
    truth = read_truth(corpus, id, alignment.clips, alignment.snippets)
    clips = [clip.interval for clip in alignment.clips]
    texts = [snippet.text for snippet in alignment.snippets]
    matches = {run: alignment.matches}
    matches |= {name: rule(clips, texts) for name, rule in BASELINES.items()}
    matches[UPPER_BOUND] = upper_bound(clips, truth)
    return {name: score(clips, truth, pairs) for name, pairs in matches.items()}
