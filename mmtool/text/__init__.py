"""Text files → snippets: decoding, reading, splitting."""

TEXT_SUFFIXES: tuple[str, ...] = (
    ".txt",
    ".srt",
    ".vtt",
    ".ass",
    ".ssa",
    ".tsv",
    ".csv",
    ".jsonl",
    ".fountain",
)
"""Suffixes of the files that are read as texts, in lower case."""

SUBTITLE_SUFFIXES: tuple[str, ...] = (".srt", ".vtt", ".ass", ".ssa")
"""Those of subtitles: beside a text of another format, they say what is spoken, and when."""
