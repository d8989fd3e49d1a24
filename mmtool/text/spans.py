"""Spans of pieces of a text, and text with normalised white space."""

import re

Span = tuple[int, int]
"""Characters ``[start, end)`` of a text."""

WORD = re.compile(r"\S+")
_UNEVEN = re.compile(r"\s{2,}|[^\S ]")
_SPACE = re.compile(r"[^\S ]")


def words_of(text: str, start: int, end: int) -> list[Span]:
    """Return the spans of the words of ``text[start:end]``, which are separated by white space."""
    return [found.span() for found in WORD.finditer(text, start, end)]


def whole_span(text: str) -> list[Span]:
    """Return the span of ``text`` without the white space around it; no span if the text is blank."""
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    return [(start, end)] if start < end else []


def collapse(text: str) -> str:
    """Replace each run of white space by one space, and strip the ends."""
    return _UNEVEN.sub(" ", text.strip())


def level(text: str) -> str:
    """Replace each white-space character by a space, so that all other characters keep their places."""
    return _SPACE.sub(" ", text)
