"""Fountain screenplays (.fountain, https://fountain.io/syntax).

As in print, these are left out: the title page, /* boneyard */, [[notes]], # sections, = synopses, page
breaks, and the marks that force an element or emphasise words.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from mmtool.text.screenplay import SPLIT_KINDS, Element, Line, blocks, elements, lines_of, spoken
from mmtool.text.source import Part, Passage, Source
from mmtool.text.spans import Span

_HIDDEN = re.compile(r"/\*.*?\*/|\[\[.*?\]\]", re.DOTALL)
_TITLE_KEY = re.compile(
    r"(?:title|credit|authors?|source|notes|draft date|date|contact|copyright|revision):", re.IGNORECASE
)
_EMPHASIS = re.compile(r"\\.|\*{1,3}|_")
_SCENE_NUMBER = re.compile(r"\s*#[\w.-]+#$")


def read_fountain(source: Source) -> Iterator[Passage]:
    """Yield each printed element, in the order of the file."""
    text = _HIDDEN.sub(lambda found: " " * len(found[0]), source.text)  # the rest keeps its place
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    spans = [(start, end - 1) for start, end in pairwise([*starts, len(text) + 1])]
    for number, block in enumerate(blocks(lines_of(text, spans))):
        if number == 0 and _TITLE_KEY.match(block[0].text):
            continue
        for element in _elements(block):
            start, end = element.span
            marks = _marks(element)
            parts = tuple(_parts(text, start, end, marks))
            if any(part.text.strip() for part in parts):
                yield Passage(parts, kind=element.kind, whole=element.kind not in SPLIT_KINDS)


def _elements(block: Sequence[Line]) -> Iterator[Element]:
    """The elements of a block, without structure that is not printed; forced elements are handled first."""
    while block and block[0].text[:1] in tuple("#="):
        block = block[1:]
    if not block:
        return
    first = block[0].text
    if first.startswith("!"):
        yield Element("action", block)
    elif first.startswith("@") and len(first) > 1:
        yield Element("character", block[:1])
        yield from spoken(block[1:])
    elif first.startswith("~"):
        yield Element("lyrics", block)
    elif re.match(r"\.\w", first):
        yield Element("scene", block[:1])
        yield from _elements(block[1:])
    elif first.startswith(">"):
        yield Element("action" if first.endswith("<") else "transition", block[:1])
        yield from _elements(block[1:])
    else:
        yield from elements(block)


def _marks(element: Element) -> list[Span]:
    """The spans of an element that are Fountain markup, in order."""
    marks: list[Span] = []
    for number, line in enumerate(element.lines):
        forced = number == 0 and (line.text[0] in "!@>" or (element.kind == "scene" and line.text[0] == "."))
        if forced or (element.kind == "lyrics" and line.text[0] == "~"):
            marks.append((line.start, line.start + 1))
        marks += _emphasis(line)
        if element.kind == "scene" and (found := _SCENE_NUMBER.search(line.text)):
            marks.append((line.start + found.start(), line.end))
        if (element.kind == "character" and line.text.endswith("^")) or (
            number == 0 and line.text[0] == ">" and line.text.endswith("<")
        ):
            marks.append((line.end - 1, line.end))
    return sorted(set(marks))


def _emphasis(line: Line) -> Iterator[Span]:
    """Pairs of asterisks and underscores around words, and the backslash before a literal one."""
    text = line.text
    open_marks: dict[str, int] = {}
    for found in _EMPHASIS.finditer(text):
        mark, (start, end) = found[0], found.span()
        before, after = text[start - 1 : start], text[end : end + 1]
        if mark.startswith("\\"):
            if mark[1] in "*_":
                yield line.start + start, line.start + start + 1
        elif mark in open_marks and before.strip() and not (mark == "_" and after.isalnum()):
            begin = open_marks.pop(mark)
            yield line.start + begin, line.start + begin + len(mark)
            yield line.start + start, line.start + end
        elif after.strip() and not (mark == "_" and before.isalnum()):
            open_marks[mark] = start


def _parts(text: str, start: int, end: int, marks: Sequence[Span]) -> Iterator[Part]:
    for (_, at), (stop, _) in pairwise([(start, start), *marks, (end, end)]):
        if at < stop:
            yield Part(text[at:stop], at, stop)
