"""Texts → snippets; the half of ``segment`` that reads."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from mmtool.formats.corpus import Corpus
from mmtool.formats.snippets import write_snippets
from mmtool.records import Progress, StageReport
from mmtool.settings.segment import SegmentSettings
from mmtool.stages.segment.outputs import count, make_segments
from mmtool.text.readers import read_text


def segment_texts(
    corpus: Corpus,
    texts: Mapping[str, Path],
    settings: SegmentSettings,
    report: StageReport,
    progress: Progress,
) -> None:
    """Write ``snippets/<id>.csv`` for each text."""
    text_settings: dict[str, object] = {
        "split": str(settings.split),
        "language": settings.language,
        "format": str(settings.text_format),
        "places": True,  # snippets made before they kept their places are made again
    }
    for number, (id, path) in enumerate(texts.items()):
        progress("texts split", number, len(texts), "texts")
        work = partial(_segment_text, path, settings=settings, report=report)
        make_segments(id, path, corpus.snippets(id), text_settings, work, force=settings.force, report=report)


def _segment_text(path: Path, output: Path, *, settings: SegmentSettings, report: StageReport) -> None:
    text = read_text(path, split=settings.split, language=settings.language, text_format=settings.text_format)
    if text.encoding not in ("utf-8", "utf-8-sig", "ascii"):
        report.notes.append(f"{path}: read as {text.encoding}; save it as UTF-8 if the snippets look wrong")
    report.notes += [f"{path}: {note}" for note in text.notes]
    write_snippets(output, text.snippets)
    count(report, "snippets", len(text.snippets))
