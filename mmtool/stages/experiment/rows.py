"""A plan of presets × seeds → runs, alignments and a table beside the published figures.

This module chains the stages, as the demo does; each stage skips what is finished.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from mmtool.choices import Inputs, Modality, PlanMeasures, Split
from mmtool.errors import CallError, InputError, MmtoolError, SettingError
from mmtool.evaluation.measures import VideoScore, summarise
from mmtool.evaluation.oracle import oracle
from mmtool.evaluation.retrieval import BothWays
from mmtool.evaluation.seeds import mean_and_deviation
from mmtool.features.joined import PROJECTED, only_features
from mmtool.formats.corpus import Corpus
from mmtool.formats.experiments import (
    BranchOverfitting,
    OverSeeds,
    Results,
    RowResult,
    SeedResult,
    write_results,
)
from mmtool.formats.metrics import read_history
from mmtool.formats.plans import Plan, PlanRow
from mmtool.records import Failure, Progress, Report
from mmtool.settings.align import AlignSettings
from mmtool.settings.evaluate import EvaluateSettings
from mmtool.settings.experiment import ExperimentSettings
from mmtool.settings.matcher import MatcherSettings
from mmtool.settings.modalities import names_of
from mmtool.settings.project import ProjectSettings
from mmtool.settings.retrieve import RetrieveSettings
from mmtool.settings.run_names import MULTIWAY
from mmtool.settings.train import TrainSettings
from mmtool.stages.align import align
from mmtool.stages.evaluate import evaluate
from mmtool.stages.project import project
from mmtool.stages.retrieve import retrieve
from mmtool.stages.shared.overfitting import ogr_rows, telling
from mmtool.stages.train import MatcherTrainReport, NetworkTrainReport, train
from mmtool.training.epochs import EpochRecord
from mmtool.training.presets import PRESETS, preset_settings

OF_RETRIEVAL = ("score", "k")  # settings of retrieve that rows choose
BY_SIMILARITY = "monotone"  # the decoder that measures a matcher, by nothing but its embeddings


@dataclass(frozen=True, slots=True)
class Job:
    """One row and seed of a plan; jobs are numbered from 1."""

    number: int
    total: int
    row: PlanRow
    run: str
    settings: TrainSettings | MatcherSettings


OnEpoch = Callable[[Job, EpochRecord], None]


@dataclass(slots=True, kw_only=True)
class ExperimentReport(Report):
    """The table beside the published figures; a row or seed that could not be done is a failure."""

    stage: ClassVar[str] = "experiment"
    plan: str
    title: str
    split: Split
    seeds: tuple[int, ...]
    rows: tuple[RowResult, ...] = ()
    measures: tuple[PlanMeasures, ...] = (PlanMeasures.ALIGNMENT,)

    @property
    def results(self) -> Results:
        """The table as it is written to ``results.json``."""
        return Results(
            self.plan, self.title, str(self.split), self.seeds, self.rows, tuple(map(str, self.measures))
        )


@dataclass(frozen=True, slots=True)
class _JobResult:
    """What one row and seed reached, in all and on each video; ``is_new`` if it was not complete before."""

    result: SeedResult
    videos: dict[str, VideoScore]
    is_new: bool


def train_rows(
    corpus: Corpus, plan: Plan, settings: ExperimentSettings, progress: Progress, on_epoch: OnEpoch
) -> ExperimentReport:
    """Train, align and evaluate each row of a plan with each seed, one after the other.

    Writes ``experiments/<plan>/results.json`` and ``results.csv`` after each row.

    Raises:
        InputError: The plan names a preset or a setting that does not exist.
    """
    jobs = _jobs(plan, settings)
    split = settings.split or plan.split
    report = ExperimentReport(
        plan=plan.name,
        title=plan.title,
        split=split,
        seeds=settings.seeds or plan.seeds,
        measures=plan.measures,
    )
    scores: dict[tuple[str, int], dict[str, VideoScore]] = {}  # of videos, by row and seed
    for row in plan.rows:
        finished: list[_JobResult] = []
        reasons: dict[str, list[str]] = {}  # seeds by the reason why they failed
        for job in jobs:
            if job.row is not row:
                continue
            try:
                done = _measure(corpus, job, plan.measures, split, on_epoch)
            except MmtoolError as error:
                reasons.setdefault(str(error), []).append(str(job.settings.seed))
            else:
                finished.append(done)
                scores[row.name, job.settings.seed] = done.videos
                (report.done if done.is_new else report.unchanged).append(job.run)
            progress(plan.name, job.number, job.total, "runs")
        if row.oracle_of:
            chosen, left_out = _choose(corpus, row, report.seeds, scores)
            report.failures += [Failure(row.label, f"{row.label}, {reason}") for reason in left_out]
            report.rows += (_row_result(row, chosen, left_out),)
            continue
        left_out = [f"seed {', '.join(failed)}: {reason}" for reason, failed in reasons.items()]
        report.failures += [Failure(row.name, f"{row.label}, {reason}") for reason in left_out]
        results = [done.result for done in finished]
        report.rows += (_row_result(row, results, left_out),)
        write_results(corpus.experiment(plan.name), report.results)
    report.written.append(str(corpus.experiment(plan.name)))
    return report


def _jobs(plan: Plan, settings: ExperimentSettings) -> list[Job]:
    """Every row and seed with all its settings; raises InputError for a preset or setting that is wrong."""
    seeds, rows = settings.seeds or plan.seeds, [row for row in plan.rows if row.preset]
    jobs: list[Job] = []
    for row in rows:
        try:
            if "seed" in row.settings:
                raise SettingError("seed", "is set by the seeds of the plan")
            chosen = _settings_of(row, settings)
            _check_retrieval(plan, row)
        except SettingError as error:
            raise InputError(plan.path, f"row {row.label!r}: {error}", "correct the plan") from error
        for seed in seeds:
            run = f"{settings.runs or plan.runs}.{row.name}.{seed}"
            jobs.append(Job(len(jobs) + 1, len(rows) * len(seeds), row, run, replace(chosen, seed=seed)))
    return jobs


def _check_retrieval(plan: Plan, row: PlanRow) -> None:
    """Raise SettingError for a row whose retrieval cannot be measured."""
    if PlanMeasures.RETRIEVAL in plan.measures and row.preset != MULTIWAY:
        raise SettingError("preset", f"must be {MULTIWAY} where retrieval is measured, not {row.preset}")
    if row.retrieve and PlanMeasures.RETRIEVAL not in plan.measures:
        raise SettingError("retrieve", "has no effect where the plan does not measure retrieval")
    for name in row.retrieve:
        if name not in OF_RETRIEVAL:
            raise SettingError(name, f"is not a setting of retrieval here; name {' or '.join(OF_RETRIEVAL)}")
    RetrieveSettings.chosen(None, {"split": plan.split, "run": "run", **row.retrieve})


def _settings_of(row: PlanRow, settings: ExperimentSettings) -> TrainSettings | MatcherSettings:
    """The settings of a row without its seed; raises SettingError for a preset or setting that is wrong."""
    if row.preset == MULTIWAY:
        matcher = MatcherSettings.chosen(None, row.settings)
        return replace(
            matcher,
            video="" if matcher.modalities else matcher.video or settings.video,
            epochs=settings.epochs or matcher.epochs,
            device=settings.device,
            threads=settings.threads,
        )
    chosen = preset_settings(row.preset, row.settings)
    return replace(
        chosen,
        video="" if chosen.modalities else chosen.video or settings.video,
        text=chosen.text or settings.text,
        epochs=settings.epochs or chosen.epochs,
        init_from=chosen.init_from or (settings.init_from if PRESETS[row.preset].finetunes else ""),
        device=settings.device,
        threads=settings.threads,
    )


def _row_result(row: PlanRow, seeds: list[SeedResult], left_out: list[str]) -> RowResult:
    return RowResult(
        label=row.label,
        preset=row.preset,
        published=row.published,
        seeds=tuple(seeds),
        video_accuracy=_over_seeds([result.video_accuracy for result in seeds]),
        text_iou=_over_seeds([result.text_iou for result in seeds]),
        clip_recall=_over_seeds([result.clip_recall for result in seeds]),
        text_recall=_over_seeds([result.text_recall for result in seeds]),
        left_out=tuple(left_out),
    )


def _over_seeds(values: list[float]) -> OverSeeds:
    measured = [value for value in values if not math.isnan(value)]
    return OverSeeds(*mean_and_deviation(measured)) if measured else OverSeeds()


def _measure(
    corpus: Corpus, job: Job, measures: tuple[PlanMeasures, ...], split: Split, on_epoch: OnEpoch
) -> _JobResult:
    """Project where that is missing, train, and measure one row with one seed.

    A matcher aligns through its embeddings, by their similarity alone.
    """
    if isinstance(job.settings, MatcherSettings):
        trained: NetworkTrainReport | MatcherTrainReport = train(
            corpus.root, job.settings, run=job.run, on_epoch=lambda record: on_epoch(job, record)
        )
        by = AlignSettings(decoder=BY_SIMILARITY, video=job.run, text=job.run, split=split, force=True)
    else:
        if PRESETS[job.row.preset].finetunes and not job.settings.init_from:
            raise CallError(f"preset {job.row.preset} continues another run; name it with `init_from`")
        if job.settings.inputs is Inputs.RP:
            _project_where_missing(corpus, job.settings)
        trained = train(corpus.root, job.settings, run=job.run, on_epoch=lambda record: on_epoch(job, record))
        by = AlignSettings(run=job.run, split=split, device=job.settings.device)
    result = SeedResult(
        job.settings.seed, job.run, trained.epochs, trained.parameters, ogr=_overfitting(corpus, job.run)
    )
    is_new, videos = bool(trained.done), dict[str, VideoScore]()
    if PlanMeasures.ALIGNMENT in measures:
        aligned = align(corpus.root, by)
        for failure in aligned.failures:  # a mean over fewer videos is another figure
            raise CallError(failure.reason)
        name = BY_SIMILARITY if isinstance(job.settings, MatcherSettings) else job.run
        evaluated = evaluate(corpus.root, EvaluateSettings(run=name, split=split))
        summary = evaluated.measures[name]
        is_new = is_new or bool(aligned.done and name == job.run)
        videos = {id: video.score for id, video in evaluated.videos.items()}
        result = replace(result, video_accuracy=summary.video_accuracy.value, text_iou=summary.text_iou.value)
    if PlanMeasures.RETRIEVAL in measures:
        found = _retrieved(corpus, job, split)
        clips, texts = found.clips.recall[1].value, found.texts.recall[1].value
        result = replace(result, clip_recall=clips, text_recall=texts)
    return _JobResult(result, videos, is_new)


def _retrieved(corpus: Corpus, job: Job, split: Split) -> BothWays:
    """What retrieval by a matcher reaches: reranked, unless the row orders by embeddings alone."""
    chosen = {"run": job.run, "split": split, "device": job.settings.device, **job.row.retrieve}
    report = retrieve(corpus.root, RetrieveSettings.chosen(None, chosen))
    for failure in report.failures:
        raise CallError(failure.reason)
    if report.measures is None:
        raise ValueError("nothing was measured")
    return report.measures.after or report.measures.before


def _choose(
    corpus: Corpus,
    row: PlanRow,
    seeds: Sequence[int],
    scores: Mapping[tuple[str, int], dict[str, VideoScore]],
) -> tuple[list[SeedResult], list[str]]:
    """The oracle of each seed, and why it is missing for some."""
    class_of, chosen, left_out = corpus.column(row.by) if row.by else {}, list[SeedResult](), list[str]()
    if row.by and not any(class_of.values()):
        return [], [f"videos.csv has no column {row.by!r}"]
    for seed in seeds:
        missing = [name for name in row.oracle_of if (name, seed) not in scores]
        if missing:
            left_out.append(f"seed {seed}: there is no result of {', '.join(missing)}")
            continue
        best = summarise(oracle([scores[name, seed] for name in row.oracle_of], class_of), resamples=1)
        result = SeedResult(seed, "", 0, 0, best.video_accuracy.value, best.text_iou.value)
        chosen.append(result)
    return chosen, left_out


def _overfitting(corpus: Corpus, run: str) -> dict[str, BranchOverfitting]:
    """Of each branch at the best epoch, whose checkpoint is measured, or at the last where none is best."""
    rows = telling(ogr_rows(run, read_history(corpus.history(run))))
    measured: dict[str, BranchOverfitting] = {}
    for row in sorted(rows, key=lambda row: row.best):
        measured[row.branch] = BranchOverfitting(row.epoch, row.generalisation, row.overfitting, row.ratio)
    return measured


def _project_where_missing(corpus: Corpus, settings: TrainSettings) -> None:
    text = settings.text or only_features(corpus, Modality.TEXT)
    several = names_of(settings.modalities)
    for video in several or (settings.video or only_features(corpus, Modality.VIDEO),):
        if not all(corpus.features(name + PROJECTED).exists() for name in (video, text)):
            project(corpus.root, ProjectSettings(video=video, text=text, missing=settings.missing))
