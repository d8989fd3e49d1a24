"""Fountain screenplays (.fountain, https://fountain.io/syntax).

As in print, these are left out: the title page, /* boneyard */, [[notes]], # sections, = synopses, page
breaks, and the marks that force an element or emphasise words. Transitions such as FADE IN: are recognised
although the specification asks for a mark before them.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Container, Generator, Iterator, Sequence
from itertools import pairwise

from mmtool.text.screenplay import (
    PLACES,
    SPLIT_KINDS,
    Element,
    is_name,
    is_transition,
    parenthetical_end,
)
from mmtool.text.script_lines import Line, lines_of
from mmtool.text.source import Part, Passage, Source, plain_parts
from mmtool.text.spans import Span

_KEY = re.compile(r"[^\W\d_][^:\n]{0,39}:")
_USUAL_KEY = re.compile(
    r"(?:title|credit|authors?|source|notes|draft date|date|contact|copyright|revision|format|font):",
    re.IGNORECASE,
)
_VALUE = re.compile(r"(?: {3,}| *\t)\s*\S")
_MARK = re.compile(r"[\\*_!~@.>#^]")  # what markup within elements is made of
_EMPHASIS = re.compile(r"\\.|\*{1,3}|_")
_HEADING = re.compile(r"[*_]*" + PLACES, re.IGNORECASE)
_FORCED_HEADING = re.compile(r"\.\w")
_SCENE_NUMBER = re.compile(r"\s*#[\w.-]+#$")
_STRUCTURE = ("#", "=")  # sections; synopses and page breaks
_EMPTY_LINE = re.compile(r"\n[ \t]?(?=\n)")
_FORCING = {"action": "!", "lyrics": "~", "character": "@", "scene": ".", "transition": ">"}
_IN_SPEECH = "  "  # a line of two spaces does not end a speech


def read_fountain(source: Source) -> Iterator[Passage]:
    """Yield each printed element, in the order of the file."""
    text, hidden = _without_hidden(source.text)
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    spans = [(start, end - 1) for start, end in pairwise([*starts, len(text) + 1])]
    lines = list(lines_of(text, spans))
    raw = [source.text[start:end] for start, end in spans]
    in_notes = {
        number
        for start, end in hidden
        if source.text.startswith("[[", start)
        for number in range(bisect_right(starts, start) - 1, bisect_left(starts, end))
    }
    for block in _blocks(lines, raw, _title_page_end(raw), in_notes):
        for element in _elements(block, text):
            start, end = element.lines[0].start, element.lines[-1].end
            within = hidden[bisect_left(hidden, (start, start)) : bisect_left(hidden, (end, end))]
            if not within and _MARK.search(text, start, end) is None:
                parts = plain_parts(text, start, end)
            else:
                parts = tuple(_parts(text, start, end, sorted([*_marks(element), *within])))
            if any(part.text.strip() for part in parts):
                yield Passage(parts, kind=element.kind, whole=element.kind not in SPLIT_KINDS)


def _without_hidden(text: str) -> tuple[str, list[Span]]:
    """The text with spaces in place of boneyards, and of notes, which no empty line interrupts.

    The rest keeps its place; the spans of what is hidden are returned in order.
    """
    hidden: list[Span] = []
    pieces, at = [], 0
    while (start := text.find("/*", at)) >= 0 and (end := text.find("*/", start + 2)) >= 0:
        pieces += [text[at:start], " " * (end + 2 - start)]
        at = end + 2
        hidden.append((start, at))
    text = "".join([*pieces, text[at:]])
    pieces, at = [], 0
    empty = [*(found.start() for found in _EMPTY_LINE.finditer(text)), len(text)][::-1]
    begin = 0  # from where notes are looked for
    while (start := text.find("[[", begin)) >= 0:
        while empty[-1] < start:
            empty.pop()
        end = text.find("]]", start + 2, empty[-1])
        if end < 0:
            begin = max(empty[-1], start + 2)  # no note ends before the empty line
            continue
        pieces += [text[at:start], " " * (end + 2 - start)]
        at = begin = end + 2
        hidden.append((start, at))
    return "".join([*pieces, text[at:]]), _joined(hidden)


def _joined(spans: list[Span]) -> list[Span]:
    """The spans in order, those that are inside of others left out."""
    joined: list[Span] = []
    for span in sorted(spans):
        if not joined or span[0] >= joined[-1][1]:
            joined.append(span)
    return joined


def _title_page_end(raw: Sequence[str]) -> int:
    """The number of lines of the title page; 0 where there is none.

    It is the first block, if it begins with a usual key; or if each of its lines, of which there are two at
    least, has a key or is the indented value of one.
    """
    first = next((number for number, line in enumerate(raw) if line.strip()), len(raw))
    stop = next((number for number in range(first, len(raw)) if not raw[number].strip()), len(raw))
    page = raw[first:stop]
    if not page or _KEY.match(page[0]) is None:
        return 0
    if _USUAL_KEY.match(page[0]):
        return stop
    formed = all(
        (_KEY.match(line) and not is_transition(line.strip())) or _VALUE.match(line) for line in page
    )
    return stop if formed and len(page) > 1 else 0


def _blocks(
    lines: Sequence[Line], raw: Sequence[str], first: int, in_notes: Container[int]
) -> Iterator[list[Line]]:
    """Runs of lines between empty ones, sections, synopses and page breaks.

    Lines of two spaces are kept, as empty ones, for speeches that go on after them; lines that hold nothing
    but a note, or a part of one, are left out.
    """
    block: list[Line] = []
    for number in range(first, len(lines)):
        line = lines[number]
        if not line.text and number in in_notes:
            continue
        if (line.text and not line.text.startswith(_STRUCTURE)) or (block and raw[number] == _IN_SPEECH):
            block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _elements(block: Sequence[Line], source: str) -> Iterator[Element]:
    """The elements of a block; forced elements are handled first."""
    at, count = 0, len(block)
    while at < count:
        line = block[at]
        text, one = line.text, block[at : at + 1]
        ends_in_space = source[line.end : line.end + 1] in (" ", "\t")
        alone = at + 1 == count or not block[at + 1].text
        if not text:
            at += 1
        elif text.startswith("!"):
            stop = _action_end(block, at)
            yield Element("action", block[at:stop])
            at = stop
        elif (text.startswith("@") and len(text) > 1) or (at + 1 < count and _is_name(text)):
            yield Element("character", one)
            at = yield from _speech(block, at + 1)
        elif text.startswith("~"):
            stop = _lyrics_end(block, at)
            yield Element("lyrics", block[at:stop])
            at = stop
        elif _FORCED_HEADING.match(text) or (alone and _HEADING.fullmatch(text)):
            yield Element("scene", one)
            at += 1
        elif text.startswith(">") or (alone and _is_transition(text, ends_in_space)):
            yield Element("action" if _is_centred(text) else "transition", one)
            at += 1
        else:
            stop = _action_end(block, at)
            yield Element("action", block[at:stop])
            at = stop


def _speech(block: Sequence[Line], at: int) -> Generator[Element, None, int]:
    """Yield what is said after a character's name; return where something forced ends it."""
    while at < len(block) and not block[at].text.startswith("!"):
        if not block[at].text:
            at += 1
            continue
        if stop := parenthetical_end(block, at):
            kind = "parenthetical"
        elif block[at].text.startswith("~"):
            kind, stop = "lyrics", _lyrics_end(block, at)
        else:
            kind, stop = "dialogue", at + 1
            while (
                stop < len(block)
                and not block[stop].text.startswith(("!", "~"))
                and not parenthetical_end(block, stop)
            ):
                stop += 1
        last = stop
        while not block[last - 1].text:
            last -= 1
        yield Element(kind, block[at:last])
        at = stop
    return at


def _action_end(block: Sequence[Line], at: int) -> int:
    stop = at + 1
    while (
        stop < len(block)
        and block[stop].text
        and not block[stop].text.startswith("~")
        and not _is_centred(block[stop].text)
    ):
        stop += 1
    return stop


def _lyrics_end(block: Sequence[Line], at: int) -> int:
    stop = at + 1
    while stop < len(block) and block[stop].text.startswith("~"):
        stop += 1
    return stop


def _is_name(text: str) -> bool:
    return is_name(text) and not _is_transition(text) and not _HEADING.fullmatch(text)


def _is_transition(text: str, ends_in_space: bool = False) -> bool:
    """Whether a line is a transition; a space after the colon makes it action."""
    if text[:1].islower():
        return False
    text = text.strip("*_")
    if text.endswith(":") and ends_in_space:
        return False
    return is_transition(text) or (text.isupper() and text.endswith("TO:"))


def _is_centred(text: str) -> bool:
    return text.startswith(">") and text.endswith("<") and len(text) > 1


def _marks(element: Element) -> list[Span]:
    """The spans of an element that are Fountain markup, in order."""
    marks: list[Span] = []
    forcing = _FORCING.get(element.kind, " ")
    for number, line in enumerate(element.lines):
        if not line.text:
            continue
        centred = element.kind == "action" and number == 0 and _is_centred(line.text)
        if line.text.startswith(forcing) or centred:
            marks.append((line.start, line.start + 1))
        if _EMPHASIS.search(line.text):
            marks += _emphasis(line)
        if element.kind == "scene" and (found := _SCENE_NUMBER.search(line.text)):
            marks.append((line.start + found.start(), line.end))
        if centred or (element.kind == "character" and line.text.endswith("^")):
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
