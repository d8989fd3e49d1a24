"""Several runs' alignments of the same videos → their differences."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmtool.errors import CallError, InputError
from mmtool.evaluation.comparison import Comparison, compare_scores
from mmtool.evaluation.measures import VideoScore, score
from mmtool.formats.alignments import read_alignment
from mmtool.formats.corpus import Corpus
from mmtool.records import Failure, StageReport
from mmtool.settings.compare import CompareSettings
from mmtool.stages.shared.truth import read_truth


@dataclass(frozen=True, slots=True)
class RunComparison:
    """What was compared, and each further run minus the first."""

    report: StageReport
    first: str
    comparisons: dict[str, Comparison]


def compare(root: Path, settings: CompareSettings) -> RunComparison:
    """Compare runs on the videos of a split, or on all that are annotated and that every run aligned."""
    corpus, report = Corpus.open(root), StageReport("compare")
    first, *others = settings.runs
    scores = {run: _scores(corpus, run, _ids(corpus, settings), report) for run in settings.runs}
    common = set.intersection(*(set(of_run) for of_run in scores.values()))
    if not common:
        raise CallError(
            f"{corpus.root}: no annotated video is aligned by all of {', '.join(settings.runs)}; "
            "run `mmtool align` with the same --split for each"
        )
    report.done += sorted(common)
    left_out = len(set.union(*(set(of_run) for of_run in scores.values())) - common)
    if left_out:
        report.notes.append(f"{left_out} videos are not aligned by every run and are left out")
    comparisons = {
        run: compare_scores(
            {id: scores[first][id] for id in common},
            {id: scores[run][id] for id in common},
            resamples=settings.resamples,
            confidence=settings.confidence,
            seed=settings.seed,
        )
        for run in others
    }
    return RunComparison(report, first, comparisons)


def _ids(corpus: Corpus, settings: CompareSettings) -> list[str]:
    annotated = corpus.ids_in("annotations", ".tsv")
    return annotated if settings.split is None else corpus.split_ids(settings.split)


def _scores(corpus: Corpus, run: str, ids: Sequence[str], report: StageReport) -> dict[str, VideoScore]:
    """The scores of the videos that a run has aligned."""
    aligned = set(corpus.require_aligned(run))
    scores = {}
    for id in ids:
        if id not in aligned:
            continue
        try:
            alignment, _ = read_alignment(corpus.alignment(run, id))
            truth = read_truth(corpus, id, alignment.clips, alignment.snippets)
        except InputError as error:
            report.failures.append(Failure(id, str(error)))
        else:
            scores[id] = score([clip.interval for clip in alignment.clips], truth, alignment.matches)
    return scores
