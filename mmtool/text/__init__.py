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
