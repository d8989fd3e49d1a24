"""Sentences: where a full stop ends one, and where it belongs to an abbreviation.

English is split by the rules in this module; other languages by sentencex (Wikimedia), which knows their
abbreviations and where sentences end in scripts without spaces. Thai and Lao have no full stops: their
sentences end at spaces.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from sentencex import segment

from mmtool.text.english import AFTER_NAMES, BEFORE_NAMES, BEFORE_NUMBERS, STARTERS
from mmtool.text.languages import language_of
from mmtool.text.reference_marks import with_marks, without_marks
from mmtool.text.spans import Span, level, whole_span, words_of

_STOPS = ".!?…。！？।؟۔"
_END = re.compile(
    rf"""(?<![{_STOPS}])(?P<mark>[{_STOPS}]+)["'”’)\]»›]*"""  # the stop and the quotes after it
    rf"""(?:[ ][{_STOPS}»”)\]]+)*(?=[ ])"""  # spaced out, as in ". . ." and "Oui. »"
)
_NEXT_WORD = re.compile(r"\W{0,9}(\w+\.?)")
_STOP = re.compile(f"[{_STOPS}]")
_INITIALS = re.compile(r"[^\W\d_](?:\.[^\W\d_])*")  # J, U.S, p.m
_WINDOW = 1 << 12  # characters at a time: sentencex takes quadratic time where quotes never close
_LOOKAHEAD = 256  # characters that decide whether a sentence ends before them
_BY_SPACES = {"th": "\u0e00-\u0e7f", "lo": "\u0e80-\u0eff"}  # languages and their letters
_SHORTEST = 4  # characters of a sentence that ends at a space


def sentence_spans(text: str, language: str) -> Iterator[Span]:
    """Yield the spans of the sentences of ``text``, which cover everything but white space."""
    language = language_of(text, language)
    bare, marks = without_marks(level(text))
    code = language.split("-")[0]
    if code == "en":
        sentences = _english_spans(bare)
    elif code in _BY_SPACES:
        sentences = _spaced_spans(bare, _BY_SPACES[code])
    else:
        sentences = _foreign_spans(bare, language)
    yield from with_marks(sentences, marks)


def _foreign_spans(text: str, language: str) -> Iterator[Span]:
    begin = at = 0  # of the sentence, and of what is looked at
    while at < len(text):
        window, is_last = text[at : at + _WINDOW], at + _WINDOW >= len(text)
        until = len(text) if is_last else at + _WINDOW - _LOOKAHEAD
        ends = [at + end for end in accumulate(len(piece) for piece in segment(language, window))]
        ends = [end for end in ends if end <= until and (end == len(text) or not _is_quoted(text, end))]
        for end in ends:
            for first, stop in whole_span(text[begin:end]):
                yield begin + first, begin + stop
            begin = end
        at = len(text) if is_last else ends[-1] if ends else until  # or the sentence goes on beyond it


def _is_quoted(text: str, end: int) -> bool:
    """Whether a sentence goes on after a quotation, as in 「はい。」と言った。"""
    return text[end - 1] in "」』" and text[end] == "と"


def _spaced_spans(text: str, letters: str) -> Iterator[Span]:
    """Sentences that end at spaces between letters of a script, or after stops; not after ๆ and ฯ."""
    gap = re.compile(rf"(?<=[{letters}])(?<![ๆฯ]) +(?=(?!ๆ)[{letters}“\"(])|(?<=[{_STOPS}”\")]) +")
    begin = 0
    for found in [*(match.span() for match in gap.finditer(text)), (len(text), len(text))]:
        if len(text[begin : found[0]].strip()) < _SHORTEST and found[0] < len(text):
            continue
        for first, stop in whole_span(text[begin : found[0]]):
            yield begin + first, begin + stop
        begin = found[1]


def _english_spans(text: str) -> Iterator[Span]:
    """The spans of English sentences; the rules see the words with one space between them."""
    if _STOP.search(text) is None:  # as in most lines of a screenplay
        yield from whole_span(text)
        return
    words = words_of(text, 0, len(text))
    starts = [0, *accumulate(stop - start + 1 for start, stop in words)]

    def place(position: int) -> int:
        """Where a character of the words with single spaces stands in the text."""
        word = bisect_right(starts, position) - 1
        return words[word][0] + position - starts[word]

    start = 0
    for sentence in _english_sentences(" ".join(text[first:stop] for first, stop in words)):
        yield place(start), place(start + len(sentence) - 1) + 1
        start += len(sentence) + 1


def _english_sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text whose white space is collapsed."""
    if not text:
        return
    has_capitals = any(letter.isupper() for letter in text)
    start = 0
    for end in _END.finditer(text):
        word_start = text.rfind(" ", 0, end.start()) + 1
        word = text[word_start : end.start()].lstrip("\"'“‘«‹([¿¡")
        is_list_number = word_start == start and word.isdigit()
        following = _NEXT_WORD.match(text, end.end())
        if is_list_number or following is None:
            continue
        if _ends_sentence(word, end["mark"], following[1], has_capitals=has_capitals):
            yield text[start : end.end()]
            start = end.end() + 1
    yield text[start:]


def _ends_sentence(word: str, mark: str, following: str, *, has_capitals: bool) -> bool:
    trails_off = mark.endswith(("..", "…"))
    if following[:1].islower() and (has_capitals or trails_off):
        return False
    if mark != ".":
        return True
    word = word.lower()
    if word in BEFORE_NAMES:
        return False
    if word in BEFORE_NUMBERS:
        return not following[:1].isdigit()
    if word in AFTER_NAMES or _INITIALS.fullmatch(word):
        return following.lower() in STARTERS
    return True
