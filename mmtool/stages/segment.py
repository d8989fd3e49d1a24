"""Videos → clips, texts → snippets."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from mmtool.errors import CallError, InputError, MmtoolError
from mmtool.formats.clips import write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import fingerprint
from mmtool.formats.provenance import Recipe, State, record, state_of
from mmtool.formats.snippets import write_snippets
from mmtool.records import Failure, Progress, StageReport, silent
from mmtool.settings import SegmentSettings
from mmtool.text.readers import TEXT_SUFFIXES, read_text
from mmtool.video import VIDEO_SUFFIXES
from mmtool.video.shots import detect_clips


def segment(root: Path, settings: SegmentSettings, *, progress: Progress = silent) -> StageReport:
    """Write ``clips/<id>.csv`` and ``snippets/<id>.csv`` for all of ``videos/`` and ``texts/``."""
    corpus, report = Corpus.open(root), StageReport("segment")
    videos, video_clashes = corpus.media("videos", VIDEO_SUFFIXES)
    texts, text_clashes = corpus.media("texts", TEXT_SUFFIXES)
    report.failures += video_clashes + text_clashes
    if not (videos or texts or report.failures):
        raise CallError(
            f"{root}: no films in videos/ and no texts in texts/; put some there, one id a file name"
        )
    clip_settings: dict[str, object] = {
        "threshold": settings.threshold,
        "min_clip_frames": settings.min_clip_frames,
    }
    for number, (id, path) in enumerate(videos.items(), start=1):
        task = f"{path.name} ({number} of {len(videos)})"
        work = partial(
            _segment_video, path, settings=settings, report=report, progress=partial(progress, task)
        )
        _make(id, path, corpus.clips(id), clip_settings, work, force=settings.force, report=report)
    for id, path in texts.items():
        work = partial(_segment_text, path, settings=settings, report=report)
        _make(
            id,
            path,
            corpus.snippets(id),
            {"split": str(settings.split)},
            work,
            force=settings.force,
            report=report,
        )
    return report


def _make(
    id: str,
    path: Path,
    output: Path,
    settings: dict[str, object],
    work: Callable[[Path], None],
    *,
    force: bool,
    report: StageReport,
) -> None:
    """Do ``work`` unless its output is there already, made from the same input with the same settings."""
    try:
        recipe = Recipe("segment", settings, {path.name: fingerprint(path)})
        state = state_of(output, recipe)
        if state is State.FOREIGN and not force:
            raise InputError(
                output, "was not made by segment, or was changed since", "keep it, or replace it with --force"
            )
        if state is State.CURRENT and not force:
            report.unchanged.append(id)
            return
        work(output)
        record(output, recipe)
        report.done.append(id)
        report.written.append(str(output))
    except (MmtoolError, OSError) as error:
        report.failures.append(Failure(id, str(error)))


def _segment_video(
    path: Path,
    output: Path,
    *,
    settings: SegmentSettings,
    report: StageReport,
    progress: Callable[[int, int | None, str], None],
) -> None:
    def on_frames(done: int, total: int | None) -> None:
        progress(done, total, "frames")

    clips = detect_clips(
        path, threshold=settings.threshold, min_clip_frames=settings.min_clip_frames, on_frames=on_frames
    )
    if len(clips) == 1:
        report.notes.append(
            f"{path}: no cuts found, one clip of {clips[0].duration:.1f} s; "
            "if there are cuts, lower --threshold"
        )
    write_clips(output, clips)
    _count(report, "clips", len(clips))


def _segment_text(path: Path, output: Path, *, settings: SegmentSettings, report: StageReport) -> None:
    text = read_text(path, split=settings.split)
    if text.encoding not in ("utf-8", "utf-8-sig", "ascii"):
        report.notes.append(f"{path}: read as {text.encoding}; save it as UTF-8 if the snippets look wrong")
    write_snippets(output, text.snippets)
    _count(report, "snippets", len(text.snippets))


def _count(report: StageReport, what: str, number: int) -> None:
    total = report.facts.get(what, 0)
    report.facts[what] = number + (total if isinstance(total, int) else 0)
