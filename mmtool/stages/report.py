"""Alignments, and annotations where there are any → an HTML page."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from mmtool.errors import CallError, InputError
from mmtool.evaluation.comparison import compare_scores
from mmtool.evaluation.measures import Estimate, VideoScore, correct_seconds, summarise
from mmtool.evaluation.rows import score_rows
from mmtool.formats.alignments import read_alignment
from mmtool.formats.corpus import Corpus
from mmtool.html_report.page import (
    ComparisonRow,
    MeasureRow,
    PageView,
    Pictures,
    RunView,
    VideoView,
    write_page,
)
from mmtool.records import Alignment, Failure, Interval, Progress, Report, silent
from mmtool.settings.report import ReportSettings
from mmtool.stages.shared.films import moved_note
from mmtool.stages.shared.runs import not_aligned_by_all, only_alignments
from mmtool.stages.shared.truth import read_truth
from mmtool.video import VIDEO_SUFFIXES

if TYPE_CHECKING:
    from mmtool.stages.shared.word_answers import WordAnswers

Truth = list[Interval | None]
Scores = dict[str, dict[str, VideoScore]]  # of each row of the table of measures, by the video's id


@dataclass(slots=True, kw_only=True)
class PageReport(Report):
    """The page that was written: its path and its size in bytes."""

    stage: ClassVar[str] = "report"
    page: Path
    size: int

    @property
    def facts(self) -> dict[str, object]:
        size = f"{self.size / 2**20:.1f} MiB" if self.size >= 2**20 else f"{self.size / 2**10:.0f} KiB"
        return {"page": str(self.page), "size": size}


@dataclass(frozen=True, slots=True)
class _ShownVideo:
    """One video of the page, and its scores by row where it is annotated."""

    view: VideoView
    scores: Mapping[str, VideoScore]
    note: str = ""


def report(
    root: Path | str,
    settings: ReportSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> PageReport:
    """Write one self-contained HTML page that shows the alignments of one run, or of several side by side.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of :class:`ReportSettings`.
        progress: Hears how many clips of each video are drawn.

    Returns:
        A report with the page's path. A video that cannot be shown is a failure beside those that can.

    Raises:
        CallError: The settings are impossible, or no video could be shown.
    """
    settings, corpus = ReportSettings.chosen(settings, options), Corpus.open(Path(root))
    if not settings.runs:
        settings = replace(settings, runs=(only_alignments(corpus, "runs"),))
    output = settings.output or corpus.report(settings.runs[0])
    if output.is_dir():
        raise CallError(f"{output}: is a folder; give `output` the name of a file, such as report.html")
    ids, omitted = _ids(corpus, settings)
    videos: dict[str, _ShownVideo] = {}
    failures: list[Failure] = []
    try:
        with _open_answers(corpus, settings) as answers:
            for id, video in _shown_videos(corpus, settings, ids, output, progress, answers):
                if isinstance(video, Failure):
                    failures.append(video)
                else:
                    videos[id] = video
    except InputError as error:
        raise CallError(str(error)) from error
    if not videos:
        raise CallError(failures[0].reason)
    write_page(output, _page(corpus, settings, videos))
    return PageReport(
        page=output,
        size=output.stat().st_size,
        done=list(videos),
        failures=failures,
        notes=([not_aligned_by_all(omitted)] if omitted else [])
        + [video.note for video in videos.values() if video.note],
        written=[str(output)],
    )


def _shown_videos(
    corpus: Corpus,
    settings: ReportSettings,
    ids: Sequence[str],
    output: Path,
    progress: Progress,
    answers: "WordAnswers | None",
) -> Iterator[tuple[str, _ShownVideo | Failure]]:
    """What the page shows of each video, or why it cannot be shown."""
    films, clashes = corpus.media("videos", VIDEO_SUFFIXES)
    unusable = {clash.id: clash.reason for clash in clashes}
    titles = corpus.titles()
    for id in ids:
        try:
            alignments = {run: read_alignment(corpus.alignment(run, id))[0] for run in settings.runs}
            truth = _truth(corpus, id, alignments)
            explained = {} if answers is None else answers.of(alignments[settings.runs[0]])
        except InputError as error:
            yield id, Failure(id, str(error))
            continue
        pictures, note = None, ""
        try:
            pictures = _pictures(films.get(id), id, alignments, settings, progress)
        except InputError as error:
            note = f"{error}; {id} is shown without thumbnails"
        if settings.thumbnail_width and id not in films:
            why = unusable.get(id) or moved_note(corpus, [id], films)
            note = f"{why}; {id} is shown without thumbnails" if why else ""
        scores = {} if truth is None else _scores(alignments, truth)
        film = _address(films[id], output) if id in films else ""
        view = _view(id, titles.get(id, ""), alignments, truth, scores, film, pictures)
        view = replace(view, answers=explained)
        yield id, _ShownVideo(view, scores, note)


@contextmanager
def _open_answers(corpus: Corpus, settings: ReportSettings) -> Iterator["WordAnswers | None"]:
    """The matcher that explains matches, if one is asked for; torch is loaded only then."""
    if not settings.explain:
        yield None
        return
    from mmtool.stages.shared.word_answers import open_word_answers

    with open_word_answers(corpus, settings.explain) as answers:
        yield answers


def _page(corpus: Corpus, settings: ReportSettings, videos: Mapping[str, _ShownVideo]) -> PageView:
    """Everything that the page shows."""
    scores: Scores = {}
    for id, video in videos.items():
        for name, result in video.scores.items():
            scores.setdefault(name, {})[id] = result
    return PageView(
        title=f"{corpus.root.resolve().name}: {' and '.join(settings.runs)}",
        runs=settings.runs,
        videos=[video.view for video in videos.values()],
        measures=_measures(scores, settings),
        comparisons=_comparisons(scores, settings),
    )


def _ids(corpus: Corpus, settings: ReportSettings) -> tuple[list[str], int]:
    """The videos that every run has aligned, and the number of those that only some runs have."""
    aligned = {run: set(corpus.require_aligned(run)) for run in settings.runs}
    wanted = set.union(*aligned.values()) if settings.split is None else set(corpus.split_ids(settings.split))
    common = wanted.intersection(*aligned.values())
    if not common:
        raise CallError(f"{corpus.root}: no video is aligned by all of {', '.join(settings.runs)}")
    return sorted(common), len(wanted - common)


def _truth(corpus: Corpus, id: str, alignments: Mapping[str, Alignment]) -> Truth | None:
    first, *others = alignments.values()
    if any(other.clips != first.clips or other.snippets != first.snippets for other in others):
        raise InputError(
            corpus.clips(id),
            f"{' and '.join(alignments)} aligned different clips or snippets",
            "run `mmtool align --force` for each run",
        )
    if not corpus.annotations(id).exists():
        return None
    return read_truth(corpus, id, first.clips, first.snippets)


def _pictures(
    film: Path | None,
    id: str,
    alignments: Mapping[str, Alignment],
    settings: ReportSettings,
    progress: Progress,
) -> Pictures | None:
    clips = next(iter(alignments.values())).clips
    if film is None or not clips or not settings.thumbnail_width:
        return None
    from mmtool.video.filmstrip import draw_filmstrip

    strip = draw_filmstrip(
        film,
        clips,
        width=settings.thumbnail_width,
        on_clip=lambda done: progress(id, done, len(clips), "clips"),
    )
    return Pictures(strip.jpeg, strip.width, strip.height, strip.columns)


def _scores(alignments: Mapping[str, Alignment], truth: Truth) -> dict[str, VideoScore]:
    """The score of each run, of each baseline and of the upper bound on one video."""
    first = next(iter(alignments.values()))
    clips, texts = [clip.interval for clip in first.clips], [snippet.text for snippet in first.snippets]
    return score_rows({run: own.matches for run, own in alignments.items()}, clips, texts, truth)


def _address(film: Path, page: Path) -> str:
    """The film's address relative to the page; absolute if it is on another drive of Windows."""
    try:
        relative = Path(os.path.relpath(film.absolute(), page.absolute().parent))
    except ValueError:
        return film.absolute().as_uri()
    return quote(os.fsencode(relative.as_posix()))


def _view(
    id: str,
    title: str,
    alignments: Mapping[str, Alignment],
    truth: Truth | None,
    scores: Mapping[str, VideoScore],
    film: str,
    pictures: Pictures | None,
) -> VideoView:
    first = next(iter(alignments.values()))
    return VideoView(
        id=id,
        title=title,
        clips=[clip.interval for clip in first.clips],
        snippets=[snippet.text for snippet in first.snippets],
        truth=truth,
        runs={run: _run_view(own, truth, scores.get(run)) for run, own in alignments.items()},
        film=film,
        pictures=pictures,
    )


def _run_view(alignment: Alignment, truth: Truth | None, result: VideoScore | None) -> RunView:
    clip_snippets: list[list[int]] = [[] for _ in alignment.clips]
    for clip, snippet in alignment.matches:
        clip_snippets[clip].append(snippet)
    clip_right, snippet_iou, quality = None, None, alignment.quality
    if truth is not None and result is not None:
        seconds = correct_seconds([clip.interval for clip in alignment.clips], truth, alignment.matches)
        clip_right = [
            float(correct) / clip.duration if clip.duration else 0.0
            for correct, clip in zip(seconds, alignment.clips, strict=True)
        ]
        ious = iter(result.ious)
        snippet_iou = [None if interval is None else next(ious) for interval in truth]
    return RunView(
        clip_snippets=clip_snippets,
        clip_confidence=alignment.clip_confidence,
        clip_right=clip_right,
        snippet_intervals=[alignment.intervals(number) for number in range(len(alignment.snippets))],
        snippet_confidence=alignment.snippet_confidence,
        snippet_iou=snippet_iou,
        snippet_evidence=alignment.evidence,
        video_accuracy=result.video_accuracy if result else None,
        text_iou=result.text_iou if result else None,
        placed=len({snippet for _, snippet in alignment.matches}),
        expected_iou=quality.expected_iou if quality else None,
        expected_accuracy=quality.expected_accuracy if quality else None,
        verdict=str(quality.verdict) if quality else "",
        reasons=quality.reasons if quality else (),
    )


def _measures(scores: Scores, settings: ReportSettings) -> list[MeasureRow]:
    rows = []
    for name, own in scores.items():
        summary = summarise(own)
        rows.append(
            MeasureRow(
                name, _triple(summary.video_accuracy), _triple(summary.text_iou), name in settings.runs
            )
        )
    return rows


def _comparisons(scores: Scores, settings: ReportSettings) -> list[ComparisonRow]:
    first, *others = settings.runs
    if first not in scores:
        return []
    rows = []
    for run in others:
        found = compare_scores(scores[first], scores[run])
        rows.append(
            ComparisonRow(run, first, found.videos, _triple(found.video_accuracy), _triple(found.text_iou))
        )
    return rows


def _triple(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high
