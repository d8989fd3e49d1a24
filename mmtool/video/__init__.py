"""Video files → clips and frames."""

VIDEO_SUFFIXES: tuple[str, ...] = (
    ".avi",
    ".m2ts",
    ".m4v",
    ".mkv",
    ".mov",
    ".mp4",
    ".mpeg",
    ".mpg",
    ".mts",
    ".ogv",
    ".ts",
    ".webm",
    ".wmv",
)
"""Suffixes of the files that are read as videos, in lower case."""
