"""Text files to snippets: reading, decoding, splitting."""

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
"""File names that are taken for texts (compare in lower case)."""
