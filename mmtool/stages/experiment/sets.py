"""A plan of sets of videos → how alignment by timing fares on each, beside the rules that look at lengths.

Each set is aligned by the stages that the command line offers; this module chooses videos and compares.
"""

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from typing import ClassVar

import numpy as np

from mmtool.choices import Split
from mmtool.errors import CallError, InputError, MmtoolError
from mmtool.evaluation.calibration import Decisions, calibrate, clip_decisions
from mmtool.evaluation.comparison import compare_scores
from mmtool.evaluation.measures import VideoScore, summarise
from mmtool.evaluation.rows import score_rows
from mmtool.formats.alignments import read_alignment
from mmtool.formats.corpus import Corpus
from mmtool.formats.measured_tables import write_table
from mmtool.formats.plans import MeasuredSet, Plan
from mmtool.formats.set_results import RowMeasures, SetResult, SetResults, as_table, write_set_results
from mmtool.formats.splits import write_split
from mmtool.records import Failure, Progress, Quality, Report
from mmtool.settings.align import AlignSettings
from mmtool.settings.run_names import TIMING, TIMING_RUN
from mmtool.stages.align import align
from mmtool.stages.shared.measured import measured
from mmtool.stages.shared.truth import read_truth
from mmtool.stages.train import train

PROPORTIONAL, UNIFORM = "proportional to length", "uniform"


@dataclass(slots=True, kw_only=True)
class SetsReport(Report):
    """The measured sets; one that could not be measured is left out, and a note says why."""

    stage: ClassVar[str] = "experiment"
    plan: str
    title: str
    sets: tuple[SetResult, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def results(self) -> SetResults:
        """The table as it is written to ``results.json``."""
        return SetResults(self.plan, self.title, self.sets, self.left_out)


@dataclass(frozen=True, slots=True)
class _MeasuredVideo:
    """The scores of a video's alignment and of the rules, its confidence, and what was expected of it."""

    scores: Mapping[str, VideoScore]
    clips: Decisions
    quality: Quality | None


def measure_sets(root: Path, plan: Plan, table: Path | None, progress: Progress) -> SetsReport:
    """Align and measure each set of a plan; ``root`` is the folder that holds its corpora.

    Writes ``experiments/<plan>/results.json`` and ``results.csv`` after each set, alignments into the
    corpora, and below ``experiments/<plan>/`` a corpus for each set that trains.

    Raises:
        CallError: There is no such folder, or none of the sets could be measured.
    """
    if not root.is_dir():
        raise CallError(f"{root}: no such folder; give the one that holds the imported corpora")
    folder = Corpus(root).experiment(plan.name)
    report = SetsReport(plan=plan.name, title=plan.title)
    for number, one in enumerate(plan.sets, start=1):
        try:
            found = _measure_set(root / one.corpus, one, folder / f"set-{number}", report, progress)
        except MmtoolError as error:
            report.left_out[one.label] = str(error)
            report.notes.append(f"{one.label}: left out: {error}")
        else:
            report.sets += tuple(found)
            report.done.append(one.label)
            write_set_results(folder, report.results)
        progress(plan.name, number, len(plan.sets), "sets")
    if not report.sets:
        raise CallError(f"{root}: none of the plan's sets could be measured; {report.notes[0]}")
    write_set_results(folder, report.results)
    report.written.append(str(folder))
    if table is not None:
        write_table(table, as_table(report.results))
        report.written.append(str(table))
    return report


def _measure_set(
    path: Path, one: MeasuredSet, scratch: Path, report: SetsReport, progress: Progress
) -> list[SetResult]:
    """The results of one set, one for each language where the plan asks for that."""
    if not path.is_dir():
        raise CallError(f"{path}: no such corpus; import it, see `mmtool import --help`")
    corpus = Corpus.open(path)
    ids = _chosen(corpus, one, one.titles)
    if not ids:
        raise CallError(f"{path}: has no annotated videos of this set")
    if one.train_titles:
        corpus = _across(corpus, one, ids, scratch)
        train(corpus.root, preset=TIMING, run=TIMING_RUN)
        settings = AlignSettings(run=TIMING_RUN, split=Split.TEST)
    else:
        settings = AlignSettings(split=Split(one.splits[0]) if len(one.splits) == 1 else None)
    aligned = align(corpus.root, settings, progress=progress)
    report.failures += [
        Failure(f"{one.corpus}/{failure.id}", f"{one.label}: {failure.reason}")
        for failure in aligned.failures
        if failure.id in ids
    ]
    videos: dict[str, _MeasuredVideo] = {}
    failed = {failure.id for failure in aligned.failures}
    for id in ids:
        if id in failed:
            continue
        try:
            videos[id] = _measure(corpus, settings.folder, id)
        except InputError as error:
            report.failures.append(Failure(f"{one.corpus}/{id}", f"{one.label}: {error}"))
    if not videos:
        raise CallError(f"{path}: none of its videos could be measured")
    languages = corpus.languages() if one.by_language else {}
    groups: dict[str, dict[str, _MeasuredVideo]] = {}
    for id, video in videos.items():
        label = f"{one.label}, {languages.get(id, 'unknown')}" if one.by_language else one.label
        groups.setdefault(label, {})[id] = video
    return [_result(label, one.corpus, groups[label]) for label in sorted(groups)]


def _chosen(corpus: Corpus, one: MeasuredSet, pattern: str) -> list[str]:
    """The annotated videos of the set's splits whose titles match."""
    titles, annotated = corpus.titles(), corpus.ids_in("annotations", ".tsv")
    if one.splits:
        wanted = {id for split in one.splits for id in corpus.split_ids(Split(split))}
        annotated = [id for id in annotated if id in wanted]
    return [id for id in annotated if re.search(pattern, titles.get(id, ""))]


def _across(corpus: Corpus, one: MeasuredSet, ids: Iterable[str], scratch: Path) -> Corpus:
    """A corpus of its own that trains on some titles and measures others; it is written again each time."""
    trained = _chosen(corpus, one, one.train_titles)
    shared = set(trained) & set(ids)
    if shared:
        raise CallError(f"{one.label}: {min(shared)!r} is both trained on and measured; correct the plan")
    if not trained:
        raise CallError(f"{corpus.root}: has no annotated videos whose titles match {one.train_titles!r}")
    shutil.rmtree(scratch, ignore_errors=True)
    made = Corpus(scratch)
    for id in (*trained, *ids):
        for source, target in (
            (corpus.clips(id), made.clips(id)),
            (corpus.snippets(id), made.snippets(id)),
            (corpus.annotations(id), made.annotations(id)),
        ):
            if source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
    if (corpus.root / "videos.csv").exists():
        shutil.copyfile(corpus.root / "videos.csv", scratch / "videos.csv")
    write_split(made.split(Split.TRAIN), trained)
    write_split(made.split(Split.TEST), ids)
    return made


def _measure(corpus: Corpus, run: str, id: str) -> _MeasuredVideo:
    alignment, _ = read_alignment(corpus.alignment(run, id))
    truth = read_truth(corpus, id, alignment.clips, alignment.snippets)
    clips = [clip.interval for clip in alignment.clips]
    texts = [snippet.text for snippet in alignment.snippets]
    return _MeasuredVideo(
        scores=score_rows({TIMING: alignment.matches}, clips, texts, truth),
        clips=clip_decisions(clips, truth, alignment.matches, alignment.clip_confidence),
        quality=alignment.quality,
    )


def _result(label: str, corpus: str, videos: Mapping[str, _MeasuredVideo]) -> SetResult:
    scores = {
        name: {id: video.scores[name] for id, video in videos.items()}
        for name in (TIMING, PROPORTIONAL, UNIFORM)
    }
    rows = {}
    for name, of_row in scores.items():
        summary = summarise(of_row)
        rows[name] = RowMeasures(measured(summary.video_accuracy), measured(summary.text_iou))
    better = max((PROPORTIONAL, UNIFORM), key=lambda name: rows[name].text_iou.value)
    expected = [getattr(video.quality, "expected_iou", None) for video in videos.values()]
    known = [value for value in expected if value is not None]
    return SetResult(
        label=label,
        corpus=corpus,
        videos=len(videos),
        timing=rows[TIMING],
        proportional=rows[PROPORTIONAL],
        uniform=rows[UNIFORM],
        better_rule=better,
        gain=measured(compare_scores(scores[better], scores[TIMING]).text_iou),
        calibration_error=float(calibrate([video.clips for video in videos.values()]).error),
        expected_iou=float(np.mean(known)) if known else nan,
    )
