"""Spans: where pieces of a text stand in it, and text without its extra white space."""

import re

Span = tuple[int, int]
"""Characters ``[start, end)`` of a text."""

WORD = re.compile(r"\S+")
_UNEVEN = re.compile(r"\s{2,}|[^\S ]")
_SPACE = re.compile(r"[^\S ]")


def words_of(text: str, start: int, end: int) -> list[Span]:
    """Return the spans of the words, which white space parts, of ``text[start:end]``."""
    return [found.span() for found in WORD.finditer(text, start, end)]


def whole_span(text: str) -> list[Span]:
    """Return the span of ``text`` without the white space around it; none where it is blank."""
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    return [(start, end)] if start < end else []


def collapse(text: str) -> str:
    """Make each run of white space one space, and none at the ends."""
    return _UNEVEN.sub(" ", text.strip())


def level(text: str) -> str:
    """Make each character of white space a space, so that every other one keeps its place."""
    return _SPACE.sub(" ", text)
