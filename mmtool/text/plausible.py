"""Whether decoded bytes look like what people write, or like the result of a wrong encoding."""

import re
import unicodedata
from functools import lru_cache

_CONTROL = re.compile("[\0-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufffd\ufffe\uffff]")
_MOST_CONTROL = 0.01  # of the characters of a text
_WORD = re.compile(r"[^\W\d_]{2,}")
_MOST_ODD = 0.3  # of these words
_SAMPLE = 1 << 16  # characters that are looked at
_EAST_ASIAN = re.compile("[\u2010-\u2027\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef\\s!-~]{4,}")
_CHINESE_MARK = re.compile("¡[¯®°±ª«»¤¢£]|£[¬¡¿º»]")  # a quote or comma of GB 18030 read as CP1252
_ALPHABETS = {"LATIN", "GREEK", "COPTIC", "CYRILLIC", "HEBREW", "ARABIC", "ARMENIAN", "GEORGIAN"}


def control_characters(text: str) -> int:
    """The number of characters that no text contains, such as NUL, or 0 where they are very few."""
    count = len(_CONTROL.findall(text))
    return count if "\0" in text or count > _MOST_CONTROL * len(text) else 0


def looks_written(text: str) -> bool:
    """Whether a text that was decoded on a guess has no control characters, and words of one script each.

    With a wrong encoding, letters of several scripts stand in one word ("cafι"), small letters before
    capitals ("дЮ" for "Да"), or characters that mean nothing.
    """
    sample = text[:_SAMPLE]
    if _CONTROL.search(sample) or any(unicodedata.category(c) in ("Co", "Cn") for c in set(sample)):
        return False
    words = _foreign_words(sample)
    odd = sum(_is_mixed(word) or _is_odd_case(word) for word in words)
    return odd <= _MOST_ODD * len(words)


def has_foreign_marks_only(text: str) -> bool:
    """Whether all letters are those of ASCII, and only quotes, dashes and other marks are not."""
    if text.isascii():
        return False
    letters = [letter for letter in text[:_SAMPLE] if letter.isalpha()]
    is_chinese = _CHINESE_MARK.search(text) is not None
    return bool(letters) and all(map(str.isascii, letters)) and looks_written(text) and not is_chinese


def is_western(text: str) -> bool:
    """Whether letters beyond ASCII are few in the words that have any, as in "café"."""
    words = _foreign_words(text[:_SAMPLE])
    letters = "".join(words)
    beyond = sum(not letter.isascii() for letter in letters)
    return looks_written(text) and bool(words) and 2 * beyond <= len(letters)


def _foreign_words(text: str) -> list[str]:
    """The words that have letters beyond ASCII."""
    return [word for word in _WORD.findall(text) if not word.isascii()]


def is_east_asian(text: str) -> bool:
    """Whether a text is nothing but Chinese, Japanese or Korean, with ASCII in between."""
    return _EAST_ASIAN.fullmatch(text) is not None


def _is_mixed(word: str) -> bool:
    return len({script for letter in word if (script := _script(letter)) in _ALPHABETS}) > 1


def _is_odd_case(word: str) -> bool:
    """Whether a word begins with a small letter and goes on with capitals."""
    return word[0].islower() and word != word.lower()


@lru_cache(maxsize=2**14)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNKNOWN").split()[0]
