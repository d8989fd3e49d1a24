"""The script of each character, from its Unicode name."""

import unicodedata
from collections import Counter
from functools import lru_cache

HAN, KANA, HANGUL, OTHER = "Han", "Kana", "Hangul", "other"
MAIN_SHARE = 0.2  # of a text's letters are in each of its main scripts

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


def main_scripts(text: str) -> tuple[str, ...]:
    """The scripts that a fifth or more of a text's letters are in, most frequent first.

    Scripts that are written together, as in Japanese and Korean, are one: that of most of their letters.
    """
    counts = scripts_of(text)
    together = max((HAN, KANA, HANGUL), key=lambda script: counts[script])
    counts[together] = sum(counts.pop(script, 0) for script in (HAN, KANA, HANGUL))
    least = MAIN_SHARE * counts.total()
    chosen = [script for script, count in counts.items() if count and count >= least]
    return tuple(sorted(chosen, key=lambda script: (-counts[script], script)))
