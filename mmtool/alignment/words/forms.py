"""The forms in which written and spoken words are compared: case, accents, punctuation and numbers aside."""

import re
import unicodedata
from typing import NamedTuple

from mmtool.text.spoken import NUMBER, number_in_words

# written without spaces: Han, Kana, Thai, Lao, Burmese, Khmer
_ALONE = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uf900-\ufaff\U00020000-\U000323af"
)
_APOSTROPHES = "'\u2019\u02bc"
_MARKS = "".join(c for c in map(chr, range(0x300, 0xE00)) if unicodedata.category(c)[0] == "M")
_JOINERS = "\u200c\u200d"  # invisible, inside of words of Persian and of Indic languages
_LETTER = rf"[^\W\d_{_ALONE}][{_MARKS}{_JOINERS}]*"
_WORD = re.compile(
    rf"(?P<number>{NUMBER.pattern})(?P<ordinal>(?:st|nd|rd|th)\b)?|[{_ALONE}]|{_LETTER}(?:[{_APOSTROPHES}]?{_LETTER})*"
)
_SYMBOLS = {"%": "percent", "&": "and"}  # English; said in other words elsewhere, which is one miss
_SYMBOL = re.compile(r"[%&]")
_LONGEST = 15  # digits; longer numbers are read digit by digit


class Form(NamedTuple):
    """A word as it is compared, and the characters ``[start, end)`` of the text that it comes from."""

    text: str
    start: int
    end: int


def forms_of(text: str, language: str = "") -> list[Form]:
    """The words of a text in the form in which they are compared.

    Case, accents, apostrophes and punctuation do not count. Characters of scripts without spaces are
    words of their own. Numbers in digits are spelled out in the language (ISO 639-1), where it is known:
    each word of a number has its share of the digits' characters.
    """
    found: list[Form] = []
    for match in _WORD.finditer(text):
        start, end = match.span()
        if match["number"]:
            words = _number(match["number"], match["ordinal"] is not None, language)
            found += _shared(words, start, end)
        elif form := _plain(match[0]):
            found.append(Form(form, start, end))
    if language == "en":
        found += [Form(_SYMBOLS[match[0]], *match.span()) for match in _SYMBOL.finditer(text)]
        found.sort(key=lambda form: form.start)
    return found


def stands_alone(form: str) -> bool:
    """Whether a form is one character of a script without spaces."""
    return len(form) == 1 and re.match(rf"[{_ALONE}]", form) is not None


def _plain(word: str) -> str:
    """A word in lower case without accents and apostrophes; vowel signs of Indic scripts belong to it."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    kept = (c for c in decomposed if c.isalnum() or (c in _MARKS and not unicodedata.combining(c)))
    return unicodedata.normalize("NFC", "".join(kept))


def _shared(words: list[str], start: int, end: int) -> list[Form]:
    borders = [start + round((end - start) * at / len(words)) for at in range(len(words) + 1)]
    return [Form(word, borders[at], borders[at + 1]) for at, word in enumerate(words)]


def _number(digits: str, is_ordinal: bool, language: str) -> list[str]:
    """A number in words; its digits where the language has no words here, each where there are too many."""
    spelled = number_in_words(digits, language, ordinal=is_ordinal and language == "en")
    if not any(map(str.isdecimal, spelled)):
        return [form.text for form in forms_of(spelled)]
    plain = "".join(filter(str.isdecimal, spelled))
    if len(plain) <= _LONGEST:
        return [plain]
    return [word for digit in plain for word in number_in_words(digit, language).split()]
