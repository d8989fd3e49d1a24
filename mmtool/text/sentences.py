"""Sentences: where a full stop ends one, and where it belongs to an abbreviation.

The rules know English abbreviations and the full stops of most scripts; a sentence ends only where
white space follows, so texts that are written without spaces stay whole.
"""

import re

from mmtool.text.english import CLOSING, COUNTED, STARTERS, TITLES

_STOPS = ".!?…。！？।؟۔"
_END = re.compile(
    rf"""(?<![{_STOPS}])(?P<mark>[{_STOPS}]+)["'”’)\]»›]*"""  # the stop and the quotes around it
    rf"""(?:[ ][{_STOPS}»”)\]]+)*(?=[ ])"""  # spaced out, as in ". . ." and "Oui. »"
)
_NEXT_WORD = re.compile(r"\W{0,9}(\w+\.?)")
_INITIALS = re.compile(r"[^\W\d_](?:\.[^\W\d_])*")  # J, U.S, p.m


def split_sentences(text: str) -> list[str]:
    """Split ``text`` into sentences.

    Joined by single spaces they are the text with its white space collapsed.
    """
    text = " ".join(text.split())
    has_capitals = any(letter.isupper() for letter in text)
    sentences, start = [], 0
    for end in _END.finditer(text):
        word_start = text.rfind(" ", 0, end.start()) + 1
        word = text[word_start : end.start()].lstrip("\"'“‘«‹([¿¡")
        is_list_number = word_start == start and word.isdigit()
        following = _NEXT_WORD.match(text, end.end())
        if is_list_number or following is None:
            continue
        if _ends_sentence(word, end["mark"], following[1], has_capitals=has_capitals):
            sentences.append(text[start : end.end()])
            start = end.end() + 1
    return [*sentences, text[start:]] if text else []


def _ends_sentence(word: str, mark: str, following: str, *, has_capitals: bool) -> bool:
    trails_off = mark.endswith(("..", "…"))
    if following[:1].islower() and (has_capitals or trails_off):
        return False
    if mark != ".":
        return True
    word = word.lower()
    if word in TITLES:
        return False
    if word in COUNTED:
        return not following[:1].isdigit()
    if word in CLOSING or _INITIALS.fullmatch(word):
        return following.lower() in STARTERS
    return True
