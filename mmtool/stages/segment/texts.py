"""Texts → snippets."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from mmtool.errors import MmtoolError
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import fingerprint
from mmtool.formats.provenance import Recipe, recorded
from mmtool.formats.snippets import write_snippets
from mmtool.records import Progress
from mmtool.settings.segment import SegmentSettings
from mmtool.stages.segment.outputs import must_write
from mmtool.stages.segment.report import SegmentedText
from mmtool.text.readers import TextFile, read_text

EXPECTED_ENCODINGS = ("utf-8", "utf-8-sig", "ascii")  # any other is worth a note


def split_text(path: Path, settings: SegmentSettings) -> TextFile:
    """Read one text and split it into snippets; nothing is written. The notes name the file.

    Raises:
        InputError: The text cannot be read, or is empty.
    """
    text = read_text(
        path,
        split=settings.split,
        language=settings.language,
        text_format=settings.text_format,
        encoding=settings.encoding,
    )
    notes = [f"{path}: {note}" for note in text.notes]
    if text.encoding not in EXPECTED_ENCODINGS:
        remedy = "save it as UTF-8, or name its `encoding`, if the snippets look wrong"
        notes.insert(0, f"{path}: read as {text.encoding}; {remedy}")
    return replace(text, notes=notes)


def segment_texts(
    corpus: Corpus, texts: Mapping[str, Path], settings: SegmentSettings, progress: Progress
) -> Iterator[SegmentedText]:
    """Write ``snippets/<id>.csv`` for each text."""
    for number, (id, path) in enumerate(texts.items()):
        progress("texts split", number, len(texts), "texts")
        try:
            yield _segment_text(id, path, corpus.snippets(id), settings)
        except (MmtoolError, OSError) as error:
            yield SegmentedText(id=id, path=path, failure=str(error))


def _segment_text(id: str, path: Path, output: Path, settings: SegmentSettings) -> SegmentedText:
    """Write the snippets of one text, unless they are there already."""
    determining: dict[str, object] = {
        "split": str(settings.split),
        "language": settings.language,
        "format": str(settings.text_format),
        "places": True,  # snippets made before they kept their places are made again
    }
    if settings.encoding is not None:
        determining["encoding"] = settings.encoding
    recipe = Recipe("segment", determining, {path.name: fingerprint(path)})
    if not must_write(output, recipe, force=settings.force):
        return SegmentedText(id=id, path=path)
    text = split_text(path, settings)
    with recorded(output, recipe) as part:
        write_snippets(part, text.snippets)
    return SegmentedText(
        id=id,
        path=path,
        written=(output,),
        notes=tuple(text.notes),
        snippets=len(text.snippets),
        encoding=text.encoding,
    )
