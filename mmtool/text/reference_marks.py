"""Reference marks after full stops, as in "Anna leaves.[1]", which belong to the sentence before."""

import re
from collections.abc import Iterable, Iterator, Mapping

from mmtool.text.spans import Span

STOPS = ".!?…。！？．｡।؟۔"
CLOSERS = "\"'”’)\\]»›」』"

_NUMBERS = r"\d{1,4}(?:\s?[,–-]\s?\d{1,4}){0,9}"
_NAMES = (
    rf"(?:(?:note|nb|n|fn|ref|lower-alpha|Note|Anm\.|注|註)\s?(?:{_NUMBERS})?|{_NUMBERS}|[a-z]{{1,2}}|[ivx]{{1,5}}|"
    r"(?:citation|clarification|better source|verification|quotation) needed|who\?|when\?|sic)"
)
_SUPERSCRIPTS = "[¹²³⁰⁴-⁹ᵃ-ᶻ]{1,6}"
_GLUED = (  # what may stand right after a stop: there, even unknown words in brackets are a reference
    rf"(?:\[[^\[\]]{{1,40}}\]|［{_NUMBERS}］|〔{_NUMBERS}〕|【{_NUMBERS}】|\({_NUMBERS}\)|{_SUPERSCRIPTS}|[*†‡§¶]{{1,3}})"
)
_APART = rf"(?:\[{_NAMES}\]|{_SUPERSCRIPTS})(?!\S)"  # what may stand after a space
_HIDDEN = "[\u200b\u2060\ufeff]{0,3}"  # characters without a width, which pages have between marks
_PAGES = r"(?::\d{1,4}(?:[–-]\d{1,4})?)?"  # as in [2]:45
_MARKS = re.compile(
    rf"[{STOPS}][{CLOSERS}]{{0,5}}"
    rf"({_HIDDEN}{_GLUED}{_PAGES}(?:{_HIDDEN}[,–-]?{_GLUED}{_PAGES}){{0,20}}(?:\s{_APART}){{0,20}})"
)
_BARE = re.compile(
    rf"(?<=[a-z]{{4}})[{STOPS}][{CLOSERS}]{{0,5}}(\d{{1,3}})(?=\s+[“\"(]?[A-Z])"
)  # once raised
_MARKS_APART = re.compile(rf"[{STOPS}][{CLOSERS}]{{0,5}}((?:\s{_APART}){{1,20}})")
_FIRST = re.compile(rf"\s*\[{_NAMES}\]")


def without_marks(text: str) -> tuple[str, Mapping[int, int]]:
    """Replace reference marks after full stops by spaces.

    Returns the text, in which all else keeps its place, and where the marks that begin at a place end.
    """
    if not _may_have_marks(text):
        return text, {}
    patterns = (
        [_MARKS, _BARE] if _FIRST.match(text) else [_MARKS, _BARE, _MARKS_APART]
    )  # a list of references, or prose
    ends: dict[int, int] = {}
    for pattern in patterns:
        for found in pattern.finditer(text):
            start, end = found.span(1)
            ends.setdefault(start, end)
    pieces, at = [], 0
    for start, end in sorted(ends.items()):
        if start < at:
            del ends[start]
            continue
        pieces += [text[at:start], " " * (end - start)]
        at = end
    return "".join([*pieces, text[at:]]), ends


def with_marks(sentences: Iterable[Span], ends: Mapping[int, int]) -> Iterator[Span]:
    """The spans of sentences, together with the marks after them."""
    for start, end in sentences:
        yield start, ends.get(end, end)


def _may_have_marks(text: str) -> bool:
    return re.search(r"[\[［〔【(*†‡§¶¹²³⁰⁴-⁹ᵃ-ᶻ]", text) is not None or _BARE.search(text) is not None
