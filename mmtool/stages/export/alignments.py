"""Alignments → files of other programs: subtitles, tables, timelines, ELAN, clips with their text."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

from mmtool.choices import ExportFormat
from mmtool.errors import InputError
from mmtool.exports.elan import write_eaf
from mmtool.exports.listings import write_csv, write_jsonl
from mmtool.exports.subtitles import write_subtitles
from mmtool.exports.timelines import SUFFIXES as TIMELINES
from mmtool.exports.timelines import write_timeline
from mmtool.formats.alignments import read_alignment
from mmtool.formats.corpus import Corpus
from mmtool.records import Alignment, Failure, Progress, StageReport, silent
from mmtool.settings.export import ExportSettings
from mmtool.stages.export.clips import write_clip_folder, write_clip_shard
from mmtool.video import VIDEO_SUFFIXES
from mmtool.video.probe import probe

FRAME_RATE = 25.0  # of a timeline whose film and frames are unknown
SUBTITLES = (ExportFormat.SRT, ExportFormat.VTT, ExportFormat.ASS)
CUTS = (ExportFormat.CLIPS, ExportFormat.WEBDATASET)


def export_alignments(root: Path, settings: ExportSettings, *, progress: Progress = silent) -> StageReport:
    """Write a file, or a folder of clips, for each alignment of a run into ``exports/<run>/``."""
    corpus, report = Corpus.open(root), StageReport("export")
    folder = settings.folder or corpus.exports(settings.run)
    ids = _ids(corpus, settings)
    videos, clashes = corpus.media("videos", VIDEO_SUFFIXES)
    report.notes += [clash.reason for clash in clashes if clash.id in ids]
    for number, id in enumerate(ids, start=1):
        try:
            read, _ = read_alignment(corpus.alignment(settings.run, id))
            alignment = replace(read, id=id)  # of the file, wherever that came from
            written = _export(alignment, settings, folder, videos.get(id), partial(progress, id))
            report.written.append(str(written))
            report.done.append(id)
        except InputError as error:
            report.failures.append(Failure(id, str(error)))
        progress("exporting", number, len(ids), "videos")
    report.facts["folder"] = str(folder)
    return report


def _ids(corpus: Corpus, settings: ExportSettings) -> list[str]:
    if settings.split is not None:
        return corpus.split_ids(settings.split)
    return corpus.require_aligned(settings.run)


def _export(
    alignment: Alignment,
    settings: ExportSettings,
    folder: Path,
    video: Path | None,
    progress: Callable[[int, int | None, str], None],
) -> Path:
    """Write one alignment; returns the file or the folder."""
    kind = settings.format
    if kind in CUTS:
        if video is None:
            raise InputError(alignment.id, "its film is not in videos/, or not alone", "put one there")
        write = write_clip_folder if kind is ExportFormat.CLIPS else write_clip_shard
        return write(folder, alignment, video, settings.cut, progress)
    path = folder / f"{alignment.id}{TIMELINES.get(kind, f'.{kind}')}"
    if kind in SUBTITLES:
        write_subtitles(path, alignment, kind)
    elif kind in TIMELINES:
        write_timeline(path, alignment, kind, frame_rate=_frame_rate(alignment, video), video=video)
    elif kind is ExportFormat.EAF:
        write_eaf(path, alignment, video=video)
    elif kind is ExportFormat.CSV:
        write_csv(path, alignment)
    else:
        write_jsonl(path, alignment)
    return path


def _frame_rate(alignment: Alignment, video: Path | None) -> float:
    """Of the film, else of the clips' frames, else 25."""
    if video is not None:
        return probe(video).frame_rate
    rates = [
        (clip.end_frame - clip.start_frame) / clip.duration
        for clip in alignment.clips
        if clip.start_frame is not None and clip.end_frame is not None and clip.duration > 0
    ]
    return round(median(rates), 3) if rates else FRAME_RATE
