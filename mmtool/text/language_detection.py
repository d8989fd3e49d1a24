"""The language of a text: told by its script where that is enough, otherwise by the library py3langid."""

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from mmtool.text.scripts import HAN, HANGUL, KANA, scripts_of

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_BY_SCRIPT = {
    HAN: "zh", HANGUL: "ko", KANA: "ja", "Greek": "el", "Hebrew": "he", "Thai": "th", "Lao": "lo",
    "Khmer": "km", "Myanmar": "my", "Georgian": "ka", "Armenian": "hy", "Ethiopic": "am", "Bengali": "bn",
    "Tamil": "ta", "Telugu": "te", "Kannada": "kn", "Malayalam": "ml", "Gujarati": "gu", "Gurmukhi": "pa",
    "Oriya": "or", "Sinhala": "si", "Tibetan": "bo", "Thaana": "dv",
}  # fmt: skip
_SHARED_SCRIPTS = {  # the languages that are told apart within a script that several share
    "Cyrillic": "be bg kk ky mk mn ru sr uk",
    "Arabic": "ar fa ps ug ur",
    "Devanagari": "hi mr ne",
    "Latin": "af az bs ca cs cy da de en eo es et eu fi fr ga gl hr ht hu id is it la lb lt lv mg ms mt nb "
    "nl nn no pl pt ro sk sl sq sv sw tr vi wa",
}
_LEAST_KANA = 0.1  # of a Japanese text, which is also written in Chinese characters
_LEAST_LETTERS = 24  # of a text whose language is guessed
_SAMPLE = 20_000  # characters that are looked at
_WORD = re.compile(r"[^\W\d_]+")
_ENGLISH_WORDS = "the and of to he she his her they that with is was are for it"
_ENGLISH = frozenset(_ENGLISH_WORDS.split(" "))
_ENGLISH_SHARE, _ENGLISH_THE = 0.18, 0.02  # of the words


def detect_language(texts: Sequence[str]) -> str:
    """The language (ISO 639-1) in which most of the texts are written; empty where it cannot be told."""
    sample = "\n".join(texts)[:_SAMPLE]
    scripts = scripts_of(sample)
    if not scripts:
        return ""
    if scripts[KANA] >= _LEAST_KANA * (scripts[KANA] + scripts[HAN]) > 0:
        scripts[KANA] += scripts.pop(HAN, 0)
    script = max(sorted(scripts), key=scripts.__getitem__)
    if script in _BY_SCRIPT:
        return _BY_SCRIPT[script]
    if script not in _SHARED_SCRIPTS or scripts[script] < _LEAST_LETTERS:
        return ""
    if script == "Latin" and _is_english(sample):
        return "en"
    found = _identifier(script).classify(sample)[0]
    return "no" if found in ("nb", "nn") else str(found)


def scripts_of_language(language: str) -> frozenset[str]:
    """The scripts in which a language is written, as far as :func:`detect_language` knows them."""
    if language == "ja":
        return frozenset({KANA, HAN})
    single = {script for script, code in _BY_SCRIPT.items() if code == language}
    shared = {script for script, codes in _SHARED_SCRIPTS.items() if language in codes.split()}
    extra = {"Cyrillic"} if language in ("az", "bs") else set()
    return frozenset(single | shared | extra)


def _is_english(text: str) -> bool:
    """Whether common words give English away; loading py3langid would take longer than an alignment."""
    words = _WORD.findall(text.lower())
    common = sum(word in _ENGLISH for word in words)
    return common >= _ENGLISH_SHARE * len(words) and words.count("the") >= _ENGLISH_THE * len(words)


@cache
def _identifier(script: str) -> "LanguageIdentifier":
    """The model of py3langid for the languages of one script."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    known = {str(language) for language in identifier.nb_classes}
    identifier.set_languages([code for code in _SHARED_SCRIPTS[script].split() if code in known])
    return identifier
