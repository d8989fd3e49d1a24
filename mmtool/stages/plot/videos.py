"""Which videos a plot shows, and what is read of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mmtool.errors import CallError, InputError
from mmtool.formats.alignments import read_alignment
from mmtool.formats.corpus import Corpus
from mmtool.records import Alignment, Failure, Interval, Progress
from mmtool.settings.plot import PlotSettings
from mmtool.stages.shared.truth import read_truth

Truth = list[Interval | None]


@dataclass(slots=True)
class AnnotatedAlignments:
    """One run's alignments of annotated videos, by id, and what could not be read."""

    videos: dict[str, tuple[Alignment, Truth]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)


def video_ids(corpus: Corpus, run: str, settings: PlotSettings) -> list[str]:
    """The videos that were named, those of the split, or all that the run has aligned."""
    split = None if settings.split is None else corpus.split_ids(settings.split)
    if settings.videos:
        return [id for id in dict.fromkeys(settings.videos) if split is None or id in split]
    ids = corpus.aligned_ids(run) if split is None else split
    if not ids:
        raise CallError(f"{corpus.metrics(run).parent}: no alignments; run `mmtool align` first")
    return ids


def annotated_ids(corpus: Corpus, run: str, settings: PlotSettings) -> list[str]:
    """Those of the videos that are annotated; raises CallError where there are none."""
    ids = [id for id in video_ids(corpus, run, settings) if corpus.annotations(id).exists()]
    if not ids:
        raise CallError(
            f"{corpus.root / 'annotations'}: no annotations of these videos; this plot needs them"
        )
    return ids


def read_alignments(
    corpus: Corpus, run: str, settings: PlotSettings, progress: Progress
) -> Iterator[tuple[str, tuple[Alignment, Truth | None] | Failure]]:
    """Read the alignment of each video of a run, and the truth where the video is annotated."""
    ids = video_ids(corpus, run, settings)
    for number, id in enumerate(ids, start=1):
        try:
            yield id, _read(corpus, run, id)
        except InputError as error:
            yield id, Failure(id, str(error))
        progress(run, number, len(ids), "videos")


def read_annotated_alignments(
    corpus: Corpus, run: str, settings: PlotSettings, progress: Progress
) -> AnnotatedAlignments:
    """Read the alignments of a run's annotated videos."""
    annotated = AnnotatedAlignments()
    ids = annotated_ids(corpus, run, settings)
    for number, id in enumerate(ids, start=1):
        try:
            alignment, truth = _read(corpus, run, id)
            if truth is not None:
                annotated.videos[id] = alignment, truth
        except InputError as error:
            annotated.failures.append(Failure(id, str(error)))
        progress(run, number, len(ids), "videos")
    return annotated


def _read(corpus: Corpus, run: str, id: str) -> tuple[Alignment, Truth | None]:
    alignment, _ = read_alignment(corpus.alignment(run, id))
    if not corpus.annotations(id).exists():
        return alignment, None
    return alignment, read_truth(corpus, id, alignment.clips, alignment.snippets)
