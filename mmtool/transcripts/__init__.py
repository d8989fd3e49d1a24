"""What is said in films: files of words with times → transcripts."""

TRANSCRIPT_SUFFIXES: tuple[str, ...] = (
    ".jsonl",
    ".json",
    ".json3",
    ".vtt",
    ".srt",
    ".ass",
    ".ssa",
    ".tsv",
    ".csv",
)
"""Suffixes of the files that are read as transcripts, in lower case."""
