"""Videos → clips, texts → snippets."""

from pathlib import Path

from mmtool.errors import CallError
from mmtool.formats.corpus import Corpus
from mmtool.records import Progress, StageReport, silent
from mmtool.settings.segment import SegmentSettings
from mmtool.stages.segment.videos import segment_videos
from mmtool.text import TEXT_SUFFIXES
from mmtool.video import VIDEO_SUFFIXES


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
    segment_videos(corpus, videos, settings, report, progress)
    if texts:
        from mmtool.stages.segment.texts import segment_texts  # films alone need no readers

        segment_texts(corpus, texts, settings, report, progress)
    return report
