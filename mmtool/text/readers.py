"""A text file to its snippets, by the file's suffix."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mmtool.choices import TextSplit
from mmtool.errors import InputError
from mmtool.records import Snippet
from mmtool.text.encoding import read_decoded
from mmtool.text.plain import read_lines
from mmtool.text.subtitles import read_cues
from mmtool.text.table import read_rows

Reader = Callable[[Path, str, TextSplit], list[Snippet]]
"""The file's path (for errors only), its decoded text, and the split; a new format is one more of these."""

_READERS: dict[str, Reader] = {
    ".txt": read_lines,
    ".srt": read_cues,
    ".vtt": read_cues,
    ".tsv": read_rows,
}
TEXT_SUFFIXES: tuple[str, ...] = tuple(_READERS)


@dataclass(frozen=True, slots=True)
class TextFile:
    """The snippets of a text file in reading order, at least one, and the encoding that was found."""

    snippets: list[Snippet]
    encoding: str


def read_text(path: Path, *, split: TextSplit) -> TextFile:
    """Read a text file.

    Each snippet has white space collapsed and, from .srt, .vtt and .tsv, a start before its end, in seconds.
    Raises ``InputError`` for an unknown suffix, a file without text, and what the format's reader rejects.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(path, "is no text format known here", f"use {', '.join(TEXT_SUFFIXES)}")
    text, encoding = read_decoded(path)
    if not text.strip():
        raise InputError(path, "has no text", "fill it or remove it")
    return TextFile(snippets=reader(path, text, split), encoding=encoding)
