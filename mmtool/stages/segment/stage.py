"""Videos → clips, texts → snippets."""

from pathlib import Path

from mmtool.errors import CallError
from mmtool.formats.corpus import Corpus
from mmtool.formats.ids import films_and_texts_apart
from mmtool.records import Failure, Progress, silent
from mmtool.settings.segment import SegmentSettings
from mmtool.stages.segment.remembered import remember, with_remembered
from mmtool.stages.segment.report import Segmented, SegmentReport
from mmtool.stages.segment.videos import detector_of, segment_videos
from mmtool.stages.shared.films import moved_note
from mmtool.stages.shared.transcript_files import subtitles_beside
from mmtool.text import SUBTITLE_SUFFIXES, TEXT_SUFFIXES
from mmtool.video import VIDEO_SUFFIXES


def segment(
    root: Path | str,
    settings: SegmentSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> SegmentReport:
    """Write ``clips/<id>.csv`` for each file in ``videos/`` and ``snippets/<id>.csv`` for each in ``texts/``.

    How texts are split is, unless it is given, as in the last call on this corpus, which ``segment.json``
    keeps. The settings of films are not kept.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of :class:`SegmentSettings`.
        progress: Hears how many frames are scored, then how many texts are split.

    Returns:
        A report with the clips of each video and the snippets of each text. A file that cannot be
        segmented is a failure beside those that are.

    Raises:
        CallError: The settings are impossible, or the corpus has neither videos nor texts.
    """
    settings = SegmentSettings.chosen(settings, options)
    given, corpus = settings, Corpus.open(Path(root))
    settings, notes = with_remembered(corpus.segment_settings(), given)
    report = SegmentReport(notes=notes)
    videos, video_clashes = corpus.media("videos", VIDEO_SUFFIXES)
    texts, text_clashes = corpus.media("texts", TEXT_SUFFIXES, giving_way=SUBTITLE_SUFFIXES)
    report.failures += video_clashes + text_clashes + films_and_texts_apart(videos, texts)
    named = {*videos, *(clash.id for clash in video_clashes)}
    used = [path for id in videos for path in subtitles_beside(corpus, id)]
    about_files = (
        corpus.left_out("videos", VIDEO_SUFFIXES, used=used),
        corpus.left_out("texts", TEXT_SUFFIXES),
        moved_note(corpus, corpus.clip_ids(), named),
    )
    report.notes += [note for note in about_files if note]
    if not (videos or texts or report.failures):
        problem = f"{root}: no films in videos/ and no texts in texts/; add some, named by their id"
        raise CallError("; ".join([problem, *report.notes]))
    detector = detector_of(settings)  # before anything is kept: it may be impossible
    remember(corpus.segment_settings(), given)
    for video in segment_videos(corpus, videos, settings, detector, progress):
        report.videos.append(video)
        _add(report, video)
    if texts:
        from mmtool.stages.segment.texts import segment_texts  # films alone need no readers

        for text in segment_texts(corpus, texts, settings, progress):
            report.texts.append(text)
            _add(report, text)
    return report


def _add(report: SegmentReport, result: Segmented) -> None:
    """Add what became of one file to the report."""
    report.notes += result.notes
    report.written += map(str, result.written)
    if result.failed:
        report.failures.append(Failure(result.id, result.failure))
    else:
        (report.unchanged if result.unchanged else report.done).append(result.id)
