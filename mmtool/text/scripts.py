"""The script of each character, from its Unicode name."""

import unicodedata
from collections import Counter
from functools import lru_cache

HAN, KANA, HANGUL, OTHER = "Han", "Kana", "Hangul", "other"

_NAMES = {  # by the first word of a character's name
    "CJK": HAN,
    "IDEOGRAPHIC": HAN,
    "HIRAGANA": KANA,
    "KATAKANA": KANA,
    "KATAKANA-HIRAGANA": KANA,
    "HANGUL": HANGUL,
}


@lru_cache(maxsize=2**14)
def script_of(character: str) -> str:
    """The script of a letter or mark, such as ``Latin``, ``Han`` or ``Devanagari``.

    The names of Unicode's scripts, except that Hiragana and Katakana are both ``Kana``. Characters that
    are neither letters nor marks, and those without a name, have the script ``other``.
    """
    if unicodedata.category(character)[0] not in "LM":
        return OTHER
    first = unicodedata.name(character, OTHER).split()[0]
    if first in ("COMBINING", "MODIFIER", "VARIATION"):
        return OTHER
    return _NAMES.get(first, first.capitalize())


def scripts_of(text: str) -> Counter[str]:
    """How many letters of each script a text has."""
    return Counter(
        script
        for character, count in Counter(unicodedata.normalize("NFKC", text)).items()
        if character.isalpha() and (script := script_of(character)) != OTHER
        for _ in range(count)
    )


def main_script(text: str) -> str:
    """The script of most of a text's letters; ``other`` for a text without letters."""
    counts = scripts_of(text)
    return max(sorted(counts), key=counts.__getitem__) if counts else OTHER
