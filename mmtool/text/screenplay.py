"""Screenplays: scene headings, action, characters and dialogue, recognised by their layout.

``read_screenplay`` reads plain text in the usual layout, indented or not; ``fountain.py`` adds the markup of
Fountain. The kind of a snippet is ``scene``, ``action``, ``character``, ``parenthetical``, ``dialogue``,
``transition`` or ``page`` (page numbers and CONTINUED).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mmtool.errors import InputError
from mmtool.text.source import Passage, Source, plain_parts
from mmtool.text.spans import Span

SPLIT_KINDS = frozenset({"action", "dialogue", "lyrics"})  # the others are not sentences

_HEADING = re.compile(r"(?:\d+[A-Z]{0,2}\.?\s+)?(?:INT|EXT|EST|INT\.?/EXT|EXT\.?/INT|I/E)[. ]\s*\S.*", re.I)
_CUE = re.compile(r"(?=.*[^\W\d_])[^()]*(?:\([^()]*\)\s*)*\^?")  # a name, then for example (V.O.)
_TRANSITION = re.compile(r"[A-Z .'’]+ TO:|FADE (?:IN|OUT)[.:]?|FADE TO BLACK\.?|THE END\.?")
_PAGE = re.compile(r"\d{1,4}\.?|\(?(?:CONTINUED|CONT'D|MORE):?\)?(?:\s*\(\d+\))?|CONTINUED:.{0,9}")
_LONGEST_CUE = 48  # characters
_DEEPER = 4  # more characters of indentation that distinguish dialogue from action


class Line(NamedTuple):
    """A line without the white space around it, and the span of the rest."""

    text: str
    start: int
    end: int
    indent: int


@dataclass(frozen=True, slots=True)
class Element:
    """Lines that belong together, and their kind."""

    kind: str
    lines: Sequence[Line]

    @property
    def span(self) -> Span:
        return self.lines[0].start, self.lines[-1].end


def read_screenplay(source: Source) -> Iterator[Passage]:
    """Yield each element of a screenplay in plain text, in the order of the file."""
    found = False
    for block in blocks(lines_of(source.text, source.lines())):
        for element in elements(block):
            found = found or element.kind == "scene"
            parts = plain_parts(source.text, *element.span)
            yield Passage(parts, kind=element.kind, whole=element.kind not in SPLIT_KINDS)
    if not found:
        problem = "has no scene heading, such as INT. HOUSE - DAY"
        raise InputError(source.path, problem, "read it with `text_format=plain`")


def looks_like_screenplay(source: Source) -> bool:
    """Whether a text has two scene headings and a character who speaks."""
    if len(re.findall(r"^[ \t\d.A-Z]*(?:INT|EXT|I/E)[./ ]", source.text, re.MULTILINE)) < 2:
        return False  # quickly, for nearly all prose
    scenes = cues = 0
    for block in blocks(lines_of(source.text, source.lines())):
        for element in elements(block):
            scenes += element.kind == "scene" and element.lines[0].text.isupper()
            cues += element.kind == "character"
        if scenes >= 2 and cues:
            return True
    return False


def lines_of(text: str, spans: Iterable[Span]) -> Iterator[Line]:
    """Yield the stripped lines of ``text``; blank lines are empty."""
    for start, end in spans:
        line = text[start:end]
        bare = line.strip()
        before = line[: len(line) - len(line.lstrip())]
        start += len(before)
        yield Line(bare, start, start + len(bare), len(before.expandtabs()))


def blocks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Yield runs of lines that are not blank."""
    block: list[Line] = []
    for line in lines:
        if line.text:
            block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block


def elements(block: Sequence[Line]) -> Iterator[Element]:
    """Yield the elements of one run of lines that are not blank."""
    while block and (is_heading(block[0].text) or _PAGE.fullmatch(block[0].text)):
        yield Element("scene" if is_heading(block[0].text) else "page", block[:1])
        block = block[1:]
    if not block:
        return
    if len(block) == 1 and is_transition(block[0].text):
        yield Element("transition", block)
    elif len(block) > 1 and is_cue(block[0].text):
        yield Element("character", block[:1])
        yield from spoken(block[1:])
    else:
        yield Element("action", block)


def spoken(lines: Sequence[Line]) -> Iterator[Element]:
    """Yield what follows a character's name: dialogue, parentheticals, and action where the indent ends."""
    start, depth = 0, next((line.indent for line in lines if not line.text.startswith("(")), 0)
    while start < len(lines):
        line = lines[start]
        if line.indent + _DEEPER <= depth and not line.text.startswith("("):
            yield from elements(lines[start:])
            return
        stop = start + 1
        if line.text.startswith("("):
            while not lines[stop - 1].text.endswith(")") and stop < len(lines):
                stop += 1
            kind = "parenthetical" if lines[stop - 1].text.endswith(")") else "dialogue"
        else:
            kind = "dialogue"
            while (
                stop < len(lines)
                and not lines[stop].text.startswith("(")
                and lines[stop].indent + _DEEPER > depth
            ):
                stop += 1
        yield Element(kind, lines[start:stop])
        start = stop


def is_heading(line: str) -> bool:
    """Whether a line names a place and a time, such as INT. HOUSE - DAY."""
    return bool(_HEADING.fullmatch(line)) and (line.isupper() or not line[:3].isalpha() or line[:3].isupper())


def is_cue(line: str) -> bool:
    """Whether a line is a character's name in capitals, such as ANNA (V.O.)."""
    name = line.split("(")[0]
    return (
        len(line) <= _LONGEST_CUE
        and name.isupper()
        and bool(_CUE.fullmatch(line))
        and not name.rstrip().endswith((".", "!", "?", ":", ",", "…"))
    )


def is_transition(line: str) -> bool:
    """Whether a line is a transition, such as CUT TO:."""
    return bool(_TRANSITION.fullmatch(line))
