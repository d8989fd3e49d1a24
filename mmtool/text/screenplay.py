"""Screenplays: scene headings, action, characters and dialogue, recognised by their layout.

``read_screenplay`` reads plain text in the usual layout, indented or not; ``fountain.py`` reads the markup of
Fountain. The kind of a snippet is ``scene``, ``action``, ``character``, ``parenthetical``, ``dialogue``,
``transition`` or ``page`` (page numbers, headers, CONTINUED, OMITTED and (MORE)).
"""

import re
from collections.abc import Generator, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from mmtool.errors import InputError
from mmtool.text.english import AFTER_NAMES, BEFORE_NAMES
from mmtool.text.page_furniture import (
    SCENE_NUMBER,
    Headers,
    is_furniture,
    is_lone_furniture,
    without_revision_mark,
)
from mmtool.text.script_lines import Line, blocks, lines_of
from mmtool.text.side_by_side import one_after_the_other
from mmtool.text.source import Part, Passage, Source

SPLIT_KINDS = frozenset({"action", "dialogue", "lyrics"})  # the others are not sentences
PLACES = r"(?:INT|EXT|EST|INT\.?/EXT|EXT\.?/INT|I\.?/E)[. ]\s*\S.*"  # how scene headings begin

_HEADING = re.compile(SCENE_NUMBER + PLACES, re.IGNORECASE)
_CUE = re.compile(r"(?=.*[^\W\d_])[^()]*(?:\([^()]*\)\s*)*\^?")  # a name, then for example (V.O.)
_TRANSITION = re.compile(
    r"[A-Z .,'’-]+ TO:|FADE (?:IN|OUT)[.:]?|(?:[A-Z]+ )?(?:CUT|FADE|DISSOLVE|WIPE) TO [A-Z ]+[.:]?|"
    r"(?:ROLL|END) CREDITS[.:]?|THE END\.?"
)
_LOWER_IN_NAMES = re.compile(r"\b(?:Ma?c|De|Di|Du|La|Le|Van|Von)(?=[A-Z])|(?<=[A-Z])['’]s\b")
_MAY_BE_SCREENPLAY = re.compile(r"^[ \t\d.A-Z#()–-]*(?:INT|EXT|I/E)[./ ]", re.MULTILINE)
_LONGEST_CUE = 48  # characters
_LONGEST_PARENTHETICAL = 6  # lines
_SAMPLE = 3000  # lines that tell whether a screenplay is double-spaced
_DEEPER = 4  # more characters of indentation that distinguish dialogue from action, and cues from dialogue


class Element(NamedTuple):
    """Lines that belong together, and their kind."""

    kind: str
    lines: Sequence[Line]


def read_screenplay(source: Source) -> Iterator[Passage]:
    """Yield each element of a screenplay in plain text, in the order of the file."""
    found = False
    for element in _elements_of(source):
        found = found or element.kind == "scene"
        yield Passage(_parts(source, element), kind=element.kind, whole=element.kind not in SPLIT_KINDS)
    if not found:
        problem = "has no scene heading, such as INT. HOUSE - DAY"
        raise InputError(source.path, problem, "read it with `text_format=plain`")
    marks = sum(
        without_revision_mark(line := source.text[start:end].strip()) != line for start, end in source.lines()
    )
    if marks:
        source.notes.append(
            f"left out {marks} revision {'mark' if marks == 1 else 'marks'} (*) in the right margin"
        )


def looks_like_screenplay(source: Source) -> bool:
    """Whether a text has two scene headings and a character who speaks."""
    if len(_MAY_BE_SCREENPLAY.findall(source.text)) < 2:
        return False  # quickly, for nearly all prose
    scenes = cues = 0
    for element in _elements_of(source):
        scenes += element.kind == "scene" and element.lines[0].text.isupper()
        cues += element.kind == "character"
        if scenes >= 2 and cues:
            return True
    return False


def is_heading(line: str) -> bool:
    """Whether a line names a place and a time, such as INT. HOUSE - DAY."""
    return bool(_HEADING.fullmatch(line)) and (line.isupper() or not line[:3].isalpha() or line[:3].isupper())


def is_transition(line: str) -> bool:
    """Whether a line is a transition, such as CUT TO:."""
    return bool(_TRANSITION.fullmatch(line))


def is_name(line: str) -> bool:
    """Whether a line is in capitals but for what is in parentheses, such as ANNA McKAY (softly)."""
    name = _LOWER_IN_NAMES.sub("", line.split("(")[0])
    return name.isupper() and bool(_CUE.fullmatch(line))


def _is_cue(line: Line, following: Line | None) -> bool:
    """Whether a line is a character's name; one that stands further right than the next may end in a stop."""
    text = " ".join(line.text.split())
    if len(text) > _LONGEST_CUE or not is_name(text) or is_transition(text):
        return False
    name = text.split("(")[0].rstrip()
    deep = following is not None and line.indent >= following.indent + _DEEPER
    if name.endswith((".", "!", "?", "…")):
        last = name.split()[-1].rstrip(".").lower()
        abbreviated = name.endswith(".") and (last in AFTER_NAMES | BEFORE_NAMES or len(last) == 1)
        return deep or abbreviated
    return not name.endswith((":", ","))


def _elements_of(source: Source) -> Iterator[Element]:
    """The elements of a screenplay in the usual layout."""
    lines = [_without_mark(line) for line in lines_of(source.text, source.lines())]
    headers = Headers(line.text for line in lines if not is_heading(line.text))
    for block in blocks(_single_spaced(lines)):
        for speech in one_after_the_other(block, lambda line: _may_speak(line, headers)):
            yield from _elements(speech, headers)


def _may_speak(line: Line, headers: Headers) -> bool:
    """Whether a line could be the name of one of two characters who speak at once."""
    return not _kind_by_itself(line, headers, alone=True) and _is_cue(line, None)


def _without_mark(line: Line) -> Line:
    text = without_revision_mark(line.text)
    return line if text is line.text else line._replace(text=text, end=line.start + len(text))


def _elements(block: Sequence[Line], headers: Headers) -> Iterator[Element]:
    """The elements of one run of lines that are not blank."""
    at, count = 0, len(block)
    while at < count:
        line = block[at]
        following = block[at + 1] if at + 1 < count else None
        if kind := _kind_by_itself(line, headers, alone=True):
            yield Element(kind, block[at : at + 1])
            at += 1
        elif is_transition(line.text) and (
            following is None
            or _kind_by_itself(following, headers)
            or line.indent >= following.indent + _DEEPER
        ):
            yield Element("transition", block[at : at + 1])
            at += 1
        elif following is not None and _is_cue(line, following):
            yield Element("character", block[at : at + 1])
            at = yield from _speech(block, at + 1, headers)
        else:
            stop = at + 1
            while stop < count and not _begins(block, stop, line.indent, headers):
                stop += 1
            yield Element("action", block[at:stop])
            at = stop


def _speech(block: Sequence[Line], at: int, headers: Headers) -> Generator[Element, None, int]:
    """Yield dialogue, parentheticals and page lines after a character's name; return where they end."""
    first = at
    spoken = (number for number in range(at, len(block)) if not block[number].text.startswith("("))
    depth = block[number].indent if (number := next(spoken, -1)) >= 0 else 0
    while at < len(block):
        line = block[at]
        if kind := _kind_by_itself(line, headers):
            if kind == "scene":
                return at
            yield Element(kind, block[at : at + 1])
            at += 1
        elif stop := parenthetical_end(block, at):
            yield Element("parenthetical", block[at:stop])
            at = stop
        elif at > first and (line.indent + _DEEPER <= depth or _begins(block, at, depth, headers)):
            return at
        else:
            stop = at + 1
            while stop < len(block) and not (
                block[stop].indent + _DEEPER <= depth
                or parenthetical_end(block, stop)
                or _begins(block, stop, depth, headers)
            ):
                stop += 1
            yield Element("dialogue", block[at:stop])
            at = stop
    return at


def parenthetical_end(block: Sequence[Line], at: int) -> int:
    """The line after a parenthetical, which may go over several lines; 0 where there is none."""
    if not block[at].text.startswith("("):
        return 0
    for stop in range(at, min(at + _LONGEST_PARENTHETICAL, len(block))):
        text = block[stop].text
        if (stop > at and text.startswith("(")) or not text:
            return 0
        if ")" in text:
            return stop + 1 if text.endswith(")") else 0
    return 0


def _kind_by_itself(line: Line, headers: Headers, *, alone: bool = False) -> str:
    """``scene`` or ``page`` for a line that is one whatever stands around it."""
    if is_heading(line.text):
        return "scene" if alone or line.text.isupper() else ""
    if is_furniture(line.text) or line.text in headers or (alone and is_lone_furniture(line.text)):
        return "page"
    return ""


def _begins(block: Sequence[Line], at: int, indent: int, headers: Headers) -> bool:
    """Whether something else begins at a line of action or dialogue, without a blank line before it."""
    line = block[at]
    if _kind_by_itself(line, headers):
        return True
    following = block[at + 1] if at + 1 < len(block) else None
    if line.indent < indent + _DEEPER:
        return False
    return is_transition(line.text) or (
        following is not None and line.indent >= following.indent + _DEEPER and _is_cue(line, following)
    )


def _single_spaced(lines: Sequence[Line]) -> Sequence[Line]:
    """The lines of a screenplay, without the blank line that double spacing puts after each."""
    texts = [(number, line) for number, line in enumerate(lines) if line.text]
    gaps = [later[0] - earlier[0] - 1 for earlier, later in pairwise(texts)]
    if gaps.count(0) * 10 > len(gaps):
        return lines
    nearby = [(line, texts[k + 1][1], gaps[k]) for k, (_, line) in enumerate(texts[:-1][:_SAMPLE])]
    cues = [gap for line, later, gap in nearby if not is_heading(line.text) and _is_cue(line, later)]
    if len(cues) < 2 or cues.count(0) * 5 > len(cues):
        return lines
    if sum(gap > 1 for gap in gaps) * 10 >= len(gaps):
        return list(_closed_up(lines))
    return list(_regrouped([line for _, line in texts]))


def _closed_up(lines: Sequence[Line]) -> Iterator[Line]:
    """Lines without the first blank one after each."""
    before = ""
    for line in lines:
        if line.text or not before:
            yield line
        before = line.text


def _regrouped(texts: Sequence[Line]) -> Iterator[Line]:
    """Lines with a blank one after each but names and what is said.

    Where all lines are equally far apart, only the indentation tells where a speech ends; without any, it
    is one line.
    """
    base = min(line.indent for line in texts)
    indented = any(line.indent >= base + 2 * _DEEPER for line in texts)
    at = 0
    while at < len(texts):
        line = texts[at]
        following = texts[at + 1] if at + 1 < len(texts) else None
        yield line
        at += 1
        deep = not indented or line.indent >= base + 2 * _DEEPER
        if following is not None and deep and not is_heading(line.text) and _is_cue(line, following):
            stop = at
            while stop < len(texts) and texts[stop].text.startswith("("):
                stop += 1
            depth = texts[stop].indent if stop < len(texts) else 0
            stop += 1
            while indented and stop < len(texts) and base + _DEEPER <= texts[stop].indent <= depth + _DEEPER:
                if texts[stop].indent > depth and not texts[stop].text.startswith("("):
                    break
                stop += 1
            yield from texts[at:stop]
            at = min(stop, len(texts))
        yield Line("", line.end, line.end, 0)


def _parts(source: Source, element: Element) -> tuple[Part, ...]:
    """The text of an element, without what is in its margins."""
    parts: list[Part] = []
    for line in element.lines:
        if parts:
            parts.append(Part(" ", parts[-1].end, line.start))
        parts.append(Part(source.text[line.start : line.end], line.start, line.end))
    return tuple(parts)
