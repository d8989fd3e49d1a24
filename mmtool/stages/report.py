"""Alignments, and the truth where there is one → a page to look at."""

import os
from collections.abc import Mapping
from pathlib import Path
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
from mmtool.records import Alignment, Failure, Interval, Progress, StageReport, silent
from mmtool.settings.report import ReportSettings
from mmtool.stages.shared.truth import read_truth
from mmtool.video import VIDEO_SUFFIXES

Truth = list[Interval | None]


def report(root: Path, settings: ReportSettings, *, progress: Progress = silent) -> StageReport:
    """Write one self-contained HTML page on the alignments of one run, or of several side by side."""
    corpus, done = Corpus.open(root), StageReport("report")
    output = settings.output or corpus.report(settings.runs[0])
    if output.is_dir():
        raise CallError(f"{output}: is a folder; give -o the name of a file, such as report.html")
    films, _ = corpus.media("videos", VIDEO_SUFFIXES)
    titles = corpus.titles()
    videos: list[VideoView] = []
    scores: dict[str, dict[str, VideoScore]] = {}
    ids, left_out = _ids(corpus, settings)
    if left_out:
        done.notes.append(f"{left_out} videos are not aligned by every run and are left out")
    for id in ids:
        try:
            alignments = {run: read_alignment(corpus.alignment(run, id))[0] for run in settings.runs}
            truth = _truth(corpus, id, alignments)
        except InputError as error:
            done.failures.append(Failure(id, str(error)))
            continue
        try:
            pictures = _pictures(films.get(id), id, alignments, settings, progress)
        except InputError as error:
            pictures = None
            done.notes.append(f"{error}; {id} is shown without pictures")
        own = {} if truth is None else _scores(alignments, truth)
        for name, result in own.items():
            scores.setdefault(name, {})[id] = result
        film = _address(films[id], output) if id in films else ""
        videos.append(_view(id, titles.get(id, ""), alignments, truth, own, film, pictures))
        done.done.append(id)
    if not videos:
        raise CallError(done.failures[0].reason)
    title = f"{corpus.root.resolve().name}: {' and '.join(settings.runs)}"
    view = PageView(title, settings.runs, videos, _measures(scores, settings), _comparisons(scores, settings))
    write_page(output, view)
    done.written.append(str(output))
    done.facts["page"] = str(output)
    done.facts["size"] = f"{output.stat().st_size / 2**20:.1f} MiB"
    return done


def _ids(corpus: Corpus, settings: ReportSettings) -> tuple[list[str], int]:
    """Videos that every run has aligned, and how many not every one has."""
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
            f"{' and '.join(alignments)} aligned other clips or snippets",
            "align again with --force",
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
    """The score of each run, of each trivial rule and of the upper bound on one video."""
    first = next(iter(alignments.values()))
    clips, texts = [clip.interval for clip in first.clips], [snippet.text for snippet in first.snippets]
    return score_rows({run: own.matches for run, own in alignments.items()}, clips, texts, truth)


def _address(film: Path, page: Path) -> str:
    """The film as seen from the page."""
    return quote(os.fsencode(Path(os.path.relpath(film.absolute(), page.absolute().parent)).as_posix()))


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
    of_clip: list[list[int]] = [[] for _ in alignment.clips]
    for clip, snippet in alignment.matches:
        of_clip[clip].append(snippet)
    right, ious = None, None
    if truth is not None and result is not None:
        seconds = correct_seconds([clip.interval for clip in alignment.clips], truth, alignment.matches)
        right = [
            float(own) / clip.duration if clip.duration else 0.0
            for own, clip in zip(seconds, alignment.clips, strict=True)
        ]
        measured = iter(result.ious)
        ious = [None if interval is None else next(measured) for interval in truth]
    return RunView(
        clip_snippets=of_clip,
        clip_confidence=alignment.clip_confidence,
        clip_right=right,
        snippet_intervals=[alignment.intervals(number) for number in range(len(alignment.snippets))],
        snippet_confidence=alignment.snippet_confidence,
        snippet_iou=ious,
        video_accuracy=result.video_accuracy if result else None,
        text_iou=result.text_iou if result else None,
        doubts=alignment.quality.reasons if alignment.quality else (),
    )


def _measures(scores: Mapping[str, Mapping[str, VideoScore]], settings: ReportSettings) -> list[MeasureRow]:
    rows = []
    for name, own in scores.items():
        summary = summarise(own)
        rows.append(
            MeasureRow(
                name, _triple(summary.video_accuracy), _triple(summary.text_iou), name in settings.runs
            )
        )
    return rows


def _comparisons(
    scores: Mapping[str, Mapping[str, VideoScore]], settings: ReportSettings
) -> list[ComparisonRow]:
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
