"""A text as it is spoken: numbers, symbols and abbreviations in words.

Numbers are spelled out by the library num2words; in a language that it does not know, each digit counts as
:data:`DIGIT_SYLLABLES` syllables.
"""

import re
from functools import lru_cache

DIGIT_SYLLABLES = 1.7  # of a digit in the languages that num2words knows, on average

_LONGEST = 15  # digits; longer numbers are read digit by digit
NUMBER = re.compile(r"\d+(?:[.,' \u00a0\u202f]\d{3})+(?!\d)|\d+(?:[.,]\d+)?")
_YEARS = range(1100, 2000)  # are read in two halves in English and German
_IN_HALVES = frozenset({"en", "de"})
_DIALECTS = {"pt": "pt_BR", "nb": "no", "nn": "no", "kk": "kz"}

_ABBREVIATIONS = {  # of titles and of words that narrations use; without the final full stop
    "en": {
        "mr": "mister", "mrs": "missis", "ms": "miz", "dr": "doctor", "prof": "professor", "st": "saint",
        "vs": "versus", "etc": "et cetera", "jr": "junior", "sr": "senior", "lt": "lieutenant",
        "capt": "captain", "sgt": "sergeant", "gen": "general", "col": "colonel", "no": "number",
    },
    "es": {"sr": "señor", "sra": "señora", "dr": "doctor", "dra": "doctora", "etc": "etcétera"},
    "pt": {"sr": "senhor", "sra": "senhora", "dr": "doutor", "dra": "doutora", "etc": "etcétera"},
    "fr": {"m": "monsieur", "mme": "madame", "mlle": "mademoiselle", "dr": "docteur", "etc": "et cetera"},
    "de": {"hr": "herr", "fr": "frau", "dr": "doktor", "usw": "und so weiter", "z.b": "zum beispiel"},
    "it": {"sig": "signor", "dott": "dottor", "ecc": "eccetera"},
    "ru": {"г": "год", "гг": "годы", "др": "другие", "т.д": "так далее", "т.е": "то есть"},
}  # fmt: skip
_ABBREVIATION = re.compile(r"(?<![^\W\d_])([^\W\d_](?:\.?[^\W\d_]){0,4})\.", re.UNICODE)
_SYMBOLS = {  # 3 or 4 syllables in most languages
    "%": " percenta ", "$": " dolara ", "€": " euro ", "£": " pundo ", "&": " ando ", "@": " at ",
    "°": " degri ", "+": " plus ", "=": " ikval ", "#": " numba ",
}  # fmt: skip
_ACRONYM = re.compile(r"\b[A-ZА-ЯΑ-Ω]{2,5}\b")
_VOWEL = re.compile(r"[AEIOUYАЕЁИОУЫЭЮЯΑΕΗΙΟΥΩ]")


def spoken_form(text: str, language: str) -> str:
    """The text with its numbers, symbols, abbreviations and acronyms as words, roughly as they sound.

    An acronym in capitals without vowels (FBI has one, TV none) is spelled; one with vowels is read as a
    word if it has at least four letters (NASA) and spelled otherwise. ``language`` is a code of ISO 639-1;
    what its tables do not have stays as it is.
    """
    if not any(map(str.isupper, text)) or text.upper() != text:  # a text all in capitals has no acronyms
        text = _ACRONYM.sub(_spelled, text)
    known = _ABBREVIATIONS.get(language, {})
    if known:
        text = _ABBREVIATION.sub(lambda found: known.get(found[1].lower(), found[0]), text)
    text = NUMBER.sub(lambda found: f" {number_in_words(found[0], language)} ", text)
    return text.translate(_TABLE)


_TABLE = str.maketrans(_SYMBOLS)


def _spelled(found: re.Match[str]) -> str:
    word = found[0]
    if len(word) >= 4 and _VOWEL.search(word):
        return word
    return " ".join("double" if letter == "W" else "a" for letter in word)


@lru_cache(maxsize=2**12)
def number_in_words(written: str, language: str, *, ordinal: bool = False) -> str:
    """A number in words; its digits, where the language or the number has no words here."""
    plain = re.sub(r"[.,' \u00a0\u202f](?=\d{3}(?:\D|$))", "", written)
    if len(plain) > _LONGEST:
        return plain
    try:
        from num2words import num2words  # loads some fifty languages

        value = float(plain.replace(",", ".")) if re.search(r"[.,]", plain) else int(plain)
        year = language in _IN_HALVES and len(written) == 4 and value in _YEARS
        kind = "ordinal" if ordinal else "year" if year else "cardinal"
        words: str = num2words(value, lang=_DIALECTS.get(language, language), to=kind)
    except (NotImplementedError, OverflowError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return plain
    return words
