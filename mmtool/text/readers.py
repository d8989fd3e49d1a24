"""A text file → its snippets; the suffix of the file selects the reader."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from mmtool.choices import TextFormat, TextSplit
from mmtool.errors import InputError
from mmtool.records import Snippet
from mmtool.text import SUBTITLE_SUFFIXES, TEXT_SUFFIXES
from mmtool.text.auto_split import Judgement, Layout, judge_lines
from mmtool.text.encoding import read_decoded
from mmtool.text.fountain import read_fountain
from mmtool.text.json_lines import read_objects
from mmtool.text.languages import language_of
from mmtool.text.phrases import has_model
from mmtool.text.plain import read_lines, read_paragraphs
from mmtool.text.screenplay import looks_like_screenplay, read_screenplay
from mmtool.text.source import Passage, Source
from mmtool.text.splitting import snippets_of, splitter
from mmtool.text.substation import looks_like_substation, read_events
from mmtool.text.subtitles import looks_like_subrip, read_subrip
from mmtool.text.table import looks_like_labels, read_table
from mmtool.text.timed_lines import looks_timed, read_timed_lines
from mmtool.text.webvtt import has_signature, read_webvtt

Reader = Callable[[Source], Iterable[Passage]]
"""Reads the passages of a source, in the order of the file; a new format is a new reader."""

_READERS: dict[str, Reader] = {
    ".srt": read_subrip,
    ".vtt": read_webvtt,
    ".ass": read_events,
    ".ssa": read_events,
    ".tsv": read_table,
    ".csv": read_table,
    ".jsonl": read_objects,
    ".fountain": read_fountain,
}

_RECOGNISED: tuple[tuple[str, Callable[[Source], bool], Reader], ...] = (  # what a .txt file may contain
    ("WebVTT subtitles", lambda source: has_signature(source.text), read_webvtt),
    ("SubRip subtitles", looks_like_subrip, read_subrip),
    ("SubStation Alpha subtitles", looks_like_substation, read_events),
    ("a screenplay", looks_like_screenplay, read_screenplay),
    ("a table of labels with times", looks_like_labels, read_table),
    ("a transcript with times", looks_timed, read_timed_lines),
)
_SUBTITLES = _RECOGNISED[:3]


@dataclass(frozen=True, slots=True)
class TextFile:
    """The snippets of a text file in reading order (at least one), its encoding, and notes for the user."""

    snippets: list[Snippet]
    encoding: str
    notes: list[str] = field(default_factory=list)


def read_text(
    path: Path,
    *,
    split: TextSplit,
    language: str,
    text_format: TextFormat = TextFormat.AUTO,
    encoding: str | None = None,
) -> TextFile:
    """Read a text file and split it.

    Args:
        path: The file; its suffix says which format it has.
        split: How passages are split further.
        language: ISO 639 code of the text's language, or ``auto`` for that of its script.
        text_format: What a .txt file contains.
        encoding: The name of a Python codec; None finds the encoding.

    Returns:
        Snippets with collapsed white space and their places; with a kind, and with a start before its end
        in seconds, where the format has them.

    Raises:
        InputError: The suffix is unknown, the file has no text, or the reader of its format rejects it.
    """
    suffix = path.suffix.lower()
    if suffix not in TEXT_SUFFIXES:
        raise InputError(path, "is not a supported text file", f"use {', '.join(TEXT_SUFFIXES)}")
    text, codec = read_decoded(path, encoding)
    if not text.strip():
        raise InputError(path, "has no text", "add some or remove the file")
    source, language = Source(path, text), language_of(text, language)
    reader = _txt_reader(source, text_format, split) if suffix == ".txt" else _reader(source, suffix)
    judgement = None
    if split is TextSplit.AUTO:
        judgement = _judge(source, language) if reader in (read_lines, read_paragraphs) else None
        reader, split = _chosen(reader, judgement)
    pieces = splitter(split, language)
    passages = list(reader(source))
    snippets = [snippet for passage in passages for snippet in snippets_of(source, passage, pieces)]
    if not snippets:
        raise InputError(path, "has no cue, row or element with text", "add some or remove the file")
    if judgement is not None and (note := _note_on(judgement, len(passages), len(snippets))):
        source.notes.append(note)
    if split is TextSplit.PHRASES and not has_model(language):
        source.notes.append(
            f"phrases of language {language} end at commas and other marks: only English has a model"
        )
    if note := _overlaps(passages):
        source.notes.append(note)
    return TextFile(snippets, codec, source.notes)


def _reader(source: Source, suffix: str) -> Reader:
    """The reader of a suffix; of subtitles of another format than their suffix says, that of the format."""
    own = _READERS[suffix]
    if suffix not in SUBTITLE_SUFFIXES:
        return own
    found = [(name, reader) for name, looks_like, reader in _SUBTITLES if looks_like(source)]
    if not found or own in (read_webvtt, found[0][1]):  # WebVTT's reader tells SubRip by itself
        return own
    source.notes.append(f"read as {found[0][0]}, in spite of its suffix")
    return found[0][1]


def _txt_reader(source: Source, text_format: TextFormat, split: TextSplit) -> Reader:
    if text_format is TextFormat.FOUNTAIN:
        return read_fountain
    if text_format is TextFormat.SCREENPLAY:
        return read_screenplay
    if text_format is TextFormat.AUTO:
        for name, looks_like, reader in _RECOGNISED:
            if looks_like(source):
                source.notes.append(
                    f"read as {name}; with `text_format=plain` its lines are kept as they are"
                )
                return reader
    return read_lines if split is TextSplit.NONE else read_paragraphs


def _judge(source: Source, language: str) -> Judgement:
    return judge_lines([source.text[start:end] for start, end in source.lines()], language)


def _chosen(reader: Reader, judgement: Judgement | None) -> tuple[Reader, TextSplit]:
    """What ``split=auto`` stands for: only plain text is split, and only where lines are not snippets."""
    if judgement is None:
        return reader, TextSplit.NONE
    match judgement.layout:
        case Layout.SNIPPETS:
            return read_lines, TextSplit.NONE
        case Layout.PARAGRAPHS:
            return read_lines, TextSplit.SENTENCES
        case Layout.WRAPPED:
            return read_paragraphs, TextSplit.SENTENCES


def _note_on(judgement: Judgement, passages: int, snippets: int) -> str:
    """What ``split=auto`` has chosen; nothing where there was no choice."""
    lines = f"{judgement.lines} lines"
    sentences = "1 sentence" if snippets == 1 else f"{snippets} sentences"
    match judgement.layout:
        case Layout.PARAGRAPHS if judgement.lines == 1:
            return f"1 line is a paragraph: split into {sentences}; `split=none` keeps the line"
        case Layout.PARAGRAPHS:
            return f"{lines} are paragraphs: split into {sentences}; `split=none` keeps the lines"
        case Layout.WRAPPED:
            paragraphs = (
                "1 hard-wrapped paragraph" if passages == 1 else f"{passages} hard-wrapped paragraphs"
            )
            return f"{lines} are {paragraphs}: split into {sentences}; `split=none` keeps the lines"
        case Layout.SNIPPETS if judgement.several:
            hold = "1 holds" if judgement.several == 1 else f"{judgement.several} hold"
            return f"{lines} are snippets, although {hold} several sentences; `split=sentences` splits them"
        case _:
            return ""


def _overlaps(passages: list[Passage]) -> str:
    timed = [passage.times for passage in passages if passage.times]
    count = sum(later.start < earlier.end for earlier, later in pairwise(timed))
    texts = "1 text begins" if count == 1 else f"{count} texts begin"
    return f"{texts} before the previous one ends; the times are kept" if count else ""
