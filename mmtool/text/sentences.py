"""Sentences: where a full stop ends one, and where it belongs to an abbreviation.

English is split by the rules in this module; other languages by sentencex (Wikimedia), which knows their
abbreviations and where sentences end in scripts without spaces.
"""

import re
from collections.abc import Iterator
from itertools import accumulate

from sentencex import segment

from mmtool.text.english import AFTER_NAMES, BEFORE_NAMES, BEFORE_NUMBERS, STARTERS
from mmtool.text.spans import WORD, Span, collapse, level, whole_span

_STOPS = ".!?…。！？।؟۔"
_END = re.compile(
    rf"""(?<![{_STOPS}])(?P<mark>[{_STOPS}]+)["'”’)\]»›]*"""  # the stop and the quotes after it
    rf"""(?:[ ][{_STOPS}»”)\]]+)*(?=[ ])"""  # spaced out, as in ". . ." and "Oui. »"
)
_NEXT_WORD = re.compile(r"\W{0,9}(\w+\.?)")
_INITIALS = re.compile(r"[^\W\d_](?:\.[^\W\d_])*")  # J, U.S, p.m
_WINDOW = 1 << 16  # characters at a time: sentencex takes quadratic time where brackets never close
_LOOKAHEAD = 256  # characters that decide whether a sentence ends before them


def sentence_spans(text: str, language: str) -> Iterator[Span]:
    """Yield the spans of the sentences of ``text``, which cover everything but white space."""
    if language.split("-")[0] != "en":
        yield from _foreign_spans(level(text), language)
        return
    words = WORD.finditer(text)
    for sentence in _english_sentences(collapse(text)):
        first = last = next(words)
        for _ in range(sentence.count(" ")):
            last = next(words)
        yield first.start(), last.end()


def _foreign_spans(text: str, language: str) -> Iterator[Span]:
    start, size = 0, _WINDOW
    while start < len(text):
        window = text[start : start + size]
        ends = list(accumulate(len(sentence) for sentence in segment(language, window)))
        if start + size < len(text):
            ends = [end for end in ends if end <= size - _LOOKAHEAD]
            if not ends:  # the sentence goes on beyond the window
                size *= 2
                continue
        begin = 0
        for end in ends:
            for first, stop in whole_span(window[begin:end]):
                yield start + begin + first, start + begin + stop
            begin = end
        start, size = start + begin, _WINDOW


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
