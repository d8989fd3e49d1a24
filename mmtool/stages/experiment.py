"""A plan of presets × seeds → runs, alignments and a table beside the published figures.

This module chains the stages, as the demo does: what is finished is skipped by each stage itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from mmtool.choices import Inputs, Modality, Split
from mmtool.errors import CallError, InputError, MmtoolError
from mmtool.evaluation.seeds import mean_and_deviation
from mmtool.features.joined import PROJECTED, only_features
from mmtool.formats.corpus import Corpus
from mmtool.formats.experiments import OverSeeds, Results, RowResult, SeedResult, write_results
from mmtool.formats.plans import Plan, PlanRow, find_plan, read_plan
from mmtool.records import Failure, StageReport
from mmtool.settings.align import AlignSettings
from mmtool.settings.evaluate import EvaluateSettings
from mmtool.settings.experiment import ExperimentSettings
from mmtool.settings.project import ProjectSettings
from mmtool.settings.train import TrainSettings
from mmtool.stages.align import align
from mmtool.stages.evaluate import evaluate
from mmtool.stages.project import project
from mmtool.stages.train import train
from mmtool.training.loop import EpochRecord
from mmtool.training.presets import PRESETS, preset_settings


@dataclass(frozen=True, slots=True)
class Job:
    """One row and seed of a plan; jobs count from 1."""

    number: int
    total: int
    row: PlanRow
    run: str
    settings: TrainSettings


OnEpoch = Callable[[Job, EpochRecord], None]


@dataclass(frozen=True, slots=True)
class Experiment:
    """What was done, and the table."""

    report: StageReport
    results: Results


def experiment(
    root: Path, settings: ExperimentSettings, *, on_epoch: OnEpoch = lambda *_: None
) -> Experiment:
    """Train, align and evaluate each row of a plan with each seed, one after the other.

    Writes ``experiments/<plan>/results.json`` and ``results.csv`` after each row. A row or seed that
    cannot be done is left out with its reason. Raises CallError for a plan that is wrong.
    """
    corpus, report = Corpus.open(root), StageReport("experiment")
    try:
        plan = read_plan(find_plan(settings.plan))
        jobs = _jobs(plan, settings)
    except InputError as error:
        raise CallError(str(error)) from error
    split = settings.split or plan.split
    rows: list[RowResult] = []
    for row in plan.rows:
        of_row = [job for job in jobs if job.row is row]
        rows.append(_measure_row(corpus, row, of_row, split, report, on_epoch))
        results = Results(plan.name, plan.title, str(split), settings.seeds or plan.seeds, tuple(rows))
        write_results(corpus.experiment(plan.name), results)
    report.written.append(str(corpus.experiment(plan.name)))
    return Experiment(report, results)


def _jobs(plan: Plan, settings: ExperimentSettings) -> list[Job]:
    """Every row and seed with all its settings; raises InputError where the plan asks for what is not."""
    seeds, rows = settings.seeds or plan.seeds, [row for row in plan.rows if row.preset]
    jobs: list[Job] = []
    for row in rows:
        try:
            chosen = preset_settings(row.preset, row.settings)
        except (ValueError, CallError) as error:
            raise InputError(plan.path, f"row {row.label!r}: {error}", "correct the plan") from error
        chosen = replace(
            chosen,
            video=chosen.video or settings.video,
            text=chosen.text or settings.text,
            epochs=settings.epochs or chosen.epochs,
            init_from=chosen.init_from or (settings.init_from if PRESETS[row.preset].finetunes else ""),
            device=settings.device,
            threads=settings.threads,
        )
        for seed in seeds:
            run = f"{settings.runs or plan.runs}.{row.name}.{seed}"
            jobs.append(Job(len(jobs) + 1, len(rows) * len(seeds), row, run, replace(chosen, seed=seed)))
    return jobs


def _measure_row(
    corpus: Corpus, row: PlanRow, jobs: list[Job], split: Split, report: StageReport, on_epoch: OnEpoch
) -> RowResult:
    """The results of all seeds of a row; what fails is named in the report, a reason a line."""
    seeds: list[SeedResult] = []
    reasons: dict[str, list[str]] = {}
    for job in jobs:
        try:
            seeds.append(_measure(corpus, job, split, report, on_epoch))
        except MmtoolError as error:
            reasons.setdefault(str(error), []).append(str(job.settings.seed))
    left_out = [f"seed {', '.join(failed)}: {reason}" for reason, failed in reasons.items()]
    report.failures += [Failure(row.name, f"{row.label}, {reason}") for reason in left_out]
    return RowResult(
        label=row.label,
        preset=row.preset,
        published=row.published,
        seeds=tuple(seeds),
        video_accuracy=OverSeeds(*mean_and_deviation([result.video_accuracy for result in seeds])),
        text_iou=OverSeeds(*mean_and_deviation([result.text_iou for result in seeds])),
        left_out=tuple(left_out),
    )


def _measure(corpus: Corpus, job: Job, split: Split, report: StageReport, on_epoch: OnEpoch) -> SeedResult:
    """Project where that is missing, train, align and evaluate one row with one seed."""
    if PRESETS[job.row.preset].finetunes and not job.settings.init_from:
        raise CallError(f"preset {job.row.preset} goes on from another run; name it with --init-from")
    if job.settings.inputs is Inputs.RP:
        _project_where_missing(corpus, job.settings)
    trained = train(corpus.root, job.settings, run=job.run, on_epoch=lambda record: on_epoch(job, record))
    aligned = align(corpus.root, AlignSettings(run=job.run, split=split, device=job.settings.device))
    for failure in aligned.failures:  # a mean over fewer videos is another figure
        raise CallError(failure.reason)
    summary = evaluate(corpus.root, EvaluateSettings(run=job.run, split=split)).measures[job.run]
    (report.done if trained.done or aligned.done else report.unchanged).append(job.run)
    return SeedResult(
        seed=job.settings.seed,
        run=job.run,
        epochs=int(str(trained.facts["epochs"])),
        parameters=int(str(trained.facts["parameters"])),
        video_accuracy=summary.video_accuracy.value,
        text_iou=summary.text_iou.value,
    )


def _project_where_missing(corpus: Corpus, settings: TrainSettings) -> None:
    names = {
        Modality.VIDEO: settings.video or only_features(corpus, Modality.VIDEO),
        Modality.TEXT: settings.text or only_features(corpus, Modality.TEXT),
    }
    if not all(corpus.features(name + PROJECTED).exists() for name in names.values()):
        project(corpus.root, ProjectSettings(video=names[Modality.VIDEO], text=names[Modality.TEXT]))
