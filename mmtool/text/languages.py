"""The language of a text, as far as its script tells."""

import re
import unicodedata

AUTO = "auto"
WITHOUT_SPACES = frozenset({"zh", "ja", "th", "lo", "km", "my"})
"""Languages that are written without spaces between words."""

_SCRIPTS = (  # the language that is most often written in a script which English rules do not fit
    ("ja", r"[\u3040-\u30ff\uff66-\uff9d]"),
    ("zh", r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"),
    ("th", r"[\u0e00-\u0e7f]"),
    ("lo", r"[\u0e80-\u0eff]"),
    ("km", r"[\u1780-\u17ff]"),
    ("my", r"[\u1000-\u109f]"),
)
_PATTERNS = {language: re.compile(pattern) for language, pattern in _SCRIPTS}
_LETTER = re.compile(r"[^\W\d_]")
_SAMPLE = 1 << 16  # characters that are looked at
_LEAST = 0.3  # share of the letters: names in another script are fewer
_LEAST_KANA = 0.1  # of Japanese, which is also written with Chinese characters


def language_of(text: str, language: str) -> str:
    """The language by whose rules a text is split: the one that is named, or for ``auto`` that of its script.

    Chinese, Japanese, Thai, Lao, Khmer and Burmese are told by their scripts; everything else is split by
    the rules for English.
    """
    if language != AUTO:
        return language
    sample = unicodedata.normalize("NFC", text[:_SAMPLE])
    letters = len(_LETTER.findall(sample))
    if not letters:
        return "en"
    counts = {name: len(pattern.findall(sample)) for name, pattern in _PATTERNS.items()}
    asian = counts["ja"] + counts["zh"]
    if asian >= _LEAST * letters:
        return "ja" if counts["ja"] >= _LEAST_KANA * asian else "zh"
    found = max(("th", "lo", "km", "my"), key=lambda name: counts[name])
    return found if counts[found] >= _LEAST * letters else "en"
