"""Alignments → files of other programs: subtitles, tables, timelines, ELAN, clips with their text."""

from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from statistics import median

from mmtool.choices import Cut, Unplaced
from mmtool.errors import InputError, SettingError
from mmtool.exports.contract import AlignedFilm, ExportFormat, OnClips
from mmtool.exports.passages import unplaced
from mmtool.exports.table import EXPORT_FORMATS
from mmtool.extras import import_extra
from mmtool.formats.alignments import read_alignment
from mmtool.formats.atomic import replacing
from mmtool.formats.corpus import Corpus
from mmtool.records import Alignment, Failure, Interval, Progress, silent
from mmtool.settings.export import ExportSettings
from mmtool.stages.export.report import ExportReport
from mmtool.stages.shared.runs import only_alignments
from mmtool.video import VIDEO_SUFFIXES
from mmtool.video.cutting import FilmCutter, find_ffmpeg
from mmtool.video.media import read_media
from mmtool.video.probe import probe

FALLBACK_RATE = 25.0  # frames per second of a timeline whose film and frames are unknown


def export_alignments(
    root: Path | str,
    settings: ExportSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> ExportReport:
    """Write a file, or a folder of clips, for each alignment of a run into ``exports/<run>/``.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of :class:`ExportSettings`.
        progress: Hears how many videos are exported, and how many clips of a video are cut.

    Returns:
        A report with what was written. A video that cannot be exported is a failure beside those that
        are.

    Raises:
        CallError: The settings are impossible, the run has no alignments, or an optional package that the
            format needs is not installed.
    """
    settings = ExportSettings.chosen(settings, options)
    corpus = Corpus.open(Path(root))
    run = settings.run or only_alignments(corpus)
    format = EXPORT_FORMATS.load(settings.format)
    if format.needs_film and settings.unplaced is Unplaced.KEEP:
        raise SettingError("unplaced", f"cannot be keep with `format={settings.format}`, which cuts the film")
    for module in format.modules:
        import_extra(module)
    ids = corpus.require_aligned(run) if settings.split is None else corpus.split_ids(settings.split)
    videos, clashes = corpus.media("videos", VIDEO_SUFFIXES)
    folder = settings.folder or corpus.exports(run)
    report = ExportReport(run=run, format=settings.format, folder=folder)
    unusable = {clash.id: clash.reason for clash in clashes if clash.id in ids}
    if not format.needs_film:
        report.notes += unusable.values()
    for number, id in enumerate(ids, start=1):
        try:
            if format.needs_film and id in unusable:
                report.failures.append(Failure(id, unusable[id]))
                continue
            alignment = replace(read_alignment(corpus.alignment(run, id))[0], id=id)  # whatever it says
            film = _aligned_film(alignment, videos.get(id), settings, partial(progress, id))
            report.written.append(str(_write(folder, format, film)))
            report.done.append(id)
            report.snippets += len(alignment.snippets)
            report.unplaced += len(unplaced(alignment))
        except InputError as error:
            report.failures.append(Failure(id, str(error)))
        progress("exporting", number, len(ids), "videos")
    report.notes += _note_on_unplaced(report, settings, format)
    return report


def _note_on_unplaced(report: ExportReport, settings: ExportSettings, format: ExportFormat) -> list[str]:
    """How many snippets match no clip, and what became of them; nothing if there are none."""
    if not report.unplaced:
        return []
    of = f"{report.snippets:,} snippet{'' if report.snippets == 1 else 's'}"
    if settings.unplaced is Unplaced.KEEP:
        return [f"{report.unplaced:,} of {of} matched no clip and were put between their neighbours"]
    placed = f"{report.snippets - report.unplaced:,} of {of} placed, {report.unplaced:,}"
    if format.lists_unplaced:
        return [f"{placed} listed without times; `unplaced=keep` puts them between their neighbours"]
    if format.needs_film:
        return [f"{placed} not exported"]
    return [f"{placed} not exported; `unplaced=keep` puts them between their neighbours"]


def _write(folder: Path, format: ExportFormat, film: AlignedFilm) -> Path:
    """Write one alignment; return the file or the folder."""
    id = film.alignment.id
    if format.needs_film and film.video is None:
        problem = "its film is not in videos/, or several files have its id"
        raise InputError(id, problem, f"put exactly one film into videos/, such as {id}.mp4")
    path = folder / f"{id}{format.suffix}"
    if not format.suffix:
        format.write(path, film)  # a folder of files, each written whole
        return path
    with replacing(path) as part:
        format.write(part, film)
    return path


def _aligned_film(
    alignment: Alignment, video: Path | None, settings: ExportSettings, progress: OnClips
) -> AlignedFilm:
    """The alignment with what formats may ask about its film, which is looked at only when they do."""

    @cache
    def cutter() -> FilmCutter:
        if video is None:
            raise InputError(alignment.id, "its film is not in videos/", "put it there")
        return FilmCutter(video, alignment.clips)

    def cut_film(interval: Interval, output: Path) -> None:
        cutter().cut(interval, output, encode=settings.cut is Cut.ENCODE, ffmpeg=find_ffmpeg())

    return AlignedFilm(
        alignment=alignment,
        video=video,
        frame_rate=partial(_frame_rate, alignment, video),
        cut=cut_film,
        progress=progress,
        media=lambda: None if video is None else read_media(video),
        keep_unplaced=settings.unplaced is Unplaced.KEEP,
        raw_csv=settings.raw_csv,
    )


def _frame_rate(alignment: Alignment, video: Path | None) -> float:
    """The frame rate of the film, otherwise that of the clips' frames, otherwise 25."""
    if video is not None:
        return probe(video).frame_rate
    rates = [
        (clip.end_frame - clip.start_frame) / clip.duration
        for clip in alignment.clips
        if clip.start_frame is not None and clip.end_frame is not None and clip.duration > 0
    ]
    return round(median(rates), 3) if rates else FALLBACK_RATE
