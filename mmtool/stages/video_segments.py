"""Videos → clips; the half of ``segment`` that looks at pictures."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from mmtool.formats.clips import write_clips
from mmtool.formats.corpus import Corpus
from mmtool.records import Progress, StageReport
from mmtool.settings import SegmentSettings
from mmtool.stages.segments import count, make_segments
from mmtool.video.shots import detect_clips


def segment_videos(
    corpus: Corpus,
    videos: Mapping[str, Path],
    settings: SegmentSettings,
    report: StageReport,
    progress: Progress,
) -> None:
    """Write ``clips/<id>.csv`` for each video."""
    clip_settings: dict[str, object] = {
        "threshold": settings.threshold,
        "min_clip_frames": settings.min_clip_frames,
    }
    for number, (id, path) in enumerate(videos.items(), start=1):
        task = f"{path.name} ({number} of {len(videos)})"
        work = partial(
            _segment_video, path, settings=settings, report=report, progress=partial(progress, task)
        )
        make_segments(id, path, corpus.clips(id), clip_settings, work, force=settings.force, report=report)


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
    count(report, "clips", len(clips))
