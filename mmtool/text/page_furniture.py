"""What a printed screenplay has around its text: scene numbers, headers, CONTINUED, revision marks."""

import re
from collections import Counter
from collections.abc import Iterable

# A13, 12A, 14-1, 110.2, 3pt2; with its own punctuation, as in 12. or #12# or (12)
_NUMBER = r"[#(\[]?[A-Z]{0,3}\d{1,4}[A-Z]{0,3}(?:(?:[-–./]|PT)[A-Z\d]{1,4}){0,3}[.):#\]]{0,2}"
_RANGE = rf"{_NUMBER}(?:\s*(?:-|–|&|,|AND|THRU|THROUGH|TO)\s*{_NUMBER}){{0,4}}"

SCENE_NUMBER = rf"(?:(?:SC(?:ENE|\.)?\s+)?{_NUMBER}\s+)?"
"""What may stand before a scene heading."""

_LINES = re.compile(
    rf"(?:{_NUMBER}\s+)?\(?CONTINUED(?:\s+(?:FROM|ON)\s+(?:PREVIOUS|NEXT)(?:\s+PAGE)?)?:?\)?:?"
    rf"(?:\s*\(\d+\))?(?:\s+{_NUMBER})?"
    r"|\(MORE\)"
    rf"|(?:SCENES?\s+)?(?:{_RANGE}\s+)?\(?(?:SCENES?\s+)?OMIT(?:TED)?\)?[.:]?(?:\s+{_RANGE})?"
)
_ALONE = re.compile(  # only where nothing follows: elsewhere it may be said
    r"-?\s*\d{1,4}[A-Z]?\s*-?\.?|(?:PAGE|Page)\s+\d{1,4}[A-Z]?(?:\s+(?:OF|of)\s+\d{1,4})?\.?|\(?(?:CONT['’]D|MORE):?\)?(?:\s*\(\d+\))?"
    r"|(?:©|\([Cc]\)\s|COPYRIGHT|Copyright\s(?:©|\([Cc]\)|\d{4})).*"
)
_PAGE_NUMBER = re.compile(
    r"(?:^|\s{3,})(?:(?:PAGE|PG\.?|P\.)\s*)?-?\s?\d{1,4}[A-Z]?\s?-?\.?$|^\d{1,4}[A-Z]?\.?\s{3,}",
    re.IGNORECASE,
)
_REVISION = re.compile(
    r"\b(?:REV|REVISED|REVISIONS?|DRAFT|SHOOTING SCRIPT|WHITE|BLUE|PINK|YELLOW|GREEN|GOLDENROD|BUFF|SALMON|"
    r"CHERRY|TAN|IVORY)\b",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\b\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}\b"
    r"|\b(?:JAN|FEB|MAR|APR|MAY|JUNE?|JULY?|AUG|SEPT?|OCT|NOV|DEC)[A-Z]{0,6}\.?\s+\d{1,2},?\s+\d{4}\b",
    re.IGNORECASE,
)
_REVISION_MARK = re.compile(r"(?:^|\s{2,}|(?<=\d)\s+)\*{1,3}$")  # in the right margin
_LONGEST = 120  # characters of a line of furniture
_MOST_WORDS = 8  # of a header without a page number


def without_revision_mark(line: str) -> str:
    """A stripped line without the asterisks in its right margin."""
    return _REVISION_MARK.sub("", line) if line.endswith("*") else line


def is_furniture(line: str) -> bool:
    """Whether a line is CONTINUED, OMITTED or (MORE), with or without scene numbers, wherever it stands."""
    return len(line) <= _LONGEST and _LINES.fullmatch(line) is not None


def is_lone_furniture(line: str) -> bool:
    """Whether a line that has no other beside it is a page number or the like."""
    return len(line) <= _LONGEST and _ALONE.fullmatch(line) is not None


class Headers:
    """The page headers and footers of one text.

    They have a page number at one side, and a date, the name of a revision or a text that comes back on
    other pages; or they name a revision and its date.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        counts = Counter(core for line in lines if (core := _core(line)))
        self._repeated = {core for core, count in counts.items() if count > 1}

    def __contains__(self, line: str) -> bool:
        if not 0 < len(line) <= _LONGEST:
            return False
        dated, revised = _DATE.search(line) is not None, _REVISION.search(line) is not None
        if _PAGE_NUMBER.search(line):
            return dated or revised or _core(line) in self._repeated
        return dated and revised and len(line.split()) <= _MOST_WORDS


def _core(line: str) -> str:
    """A line with a page number without it, and without its spaces; otherwise nothing."""
    if not 0 < len(line) <= _LONGEST or not _PAGE_NUMBER.search(line):
        return ""
    return "".join(_PAGE_NUMBER.sub("", line).split())
