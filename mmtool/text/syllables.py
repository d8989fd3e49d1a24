"""How many syllables a written word has, as far as its script shows them.

Each script writes speech in its own way; a family of scripts shares one rule. The counts are those of a
reader without a dictionary: silent vowels of Latin scripts count, and the vowels that Devanagari leaves
unspoken at the end of a word do too. They serve to compare texts in one language, whose readers have a rate
of their own.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from itertools import groupby

from mmtool.text.scripts import HAN, HANGUL, KANA, script_of

_LATIN_VOWELS = frozenset("aeiouyæœøıəɨɔɛơưʊɪʌ")
_GREEK = re.compile(r"ου|αυ|ευ|ηυ|αι|ει|οι|υι|[αεηιουω]")
_GREEK_ACCENTED = str.maketrans("άέήίόύώΐΰ", "αεηιουωιυ")
_CYRILLIC_VOWELS = frozenset("аеёиоуыэюяіїєөүұәӕ")
_ARMENIAN = re.compile("ու|[աեէըիոօև]")
_GEORGIAN_VOWELS = frozenset("აეიოუ")
_SMALL_KANA = frozenset("ぁぃぅぇぉゃゅょゎァィゥェォャュョヮ")
_THAI_BEFORE = "เแโใไ"
_THAI_VOWEL = re.compile(  # a vowel with the signs that are written around one consonant or two
    r"[เแโใไ][ก-ฮ]{1,2}?[ัิีึื็์่้๊๋]*(?:ียะ?|ือะ?|าะ?|ะ|ว(?=[่้๊๋]))?|[ัาำิีึืุูะ]็?|ฤ"
)
_LAO_VOWEL = re.compile(r"[ເແໂໃໄ][ກ-ຮ]{1,2}?[ັິີຶື່້໊໋]*(?:າະ?|ະ)?|[ັາຳິີຶືຸູະົ]")
_VIRAMA = 9  # Unicode's combining class of the signs that join consonants or silence them

ABJAD_SYLLABLE = 0.5  # of a letter: about two consonants a syllable, vowels being unwritten
KANJI_MORAE = 1.9  # of a Chinese character in a Japanese text
MORA_SYLLABLE = 0.6  # Japanese is spoken at about 8 morae a second where English has 5 syllables
LETTER_SYLLABLE = 0.42  # of a letter in a script without a rule of its own


@lru_cache(maxsize=2**14)  # words recur
def syllables_of(word: str, *, japanese: bool = False) -> float:
    """Syllables of a word of letters, in any normal form; a word in several scripts has the sum of its parts.

    A Chinese character is about two morae in a ``japanese`` text, and one syllable elsewhere.
    """
    word = unicodedata.normalize("NFKC", word).lower()
    total = 0.0
    for script, run in groupby(word, key=_script_in_run()):
        letters = "".join(run)
        if script == HAN and japanese:
            total += len(letters) * KANJI_MORAE * MORA_SYLLABLE
        else:
            total += _RULES.get(script, _letters)(letters)
    return total


def has_rule(script: str) -> bool:
    """Whether syllables of a script are counted by a rule made for it."""
    return script in _RULES


def _script_in_run() -> Callable[[str], str]:
    """Marks and joiners of no script belong to the letter before them."""
    last = "other"

    def of(character: str) -> str:
        nonlocal last
        script = script_of(character)
        last = last if script == "other" and not character.isalpha() else script
        return last

    return of


def _bare(word: str) -> str:
    """Without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


def _vowel_groups(word: str) -> float:
    """Latin: runs of vowels, at least one."""
    groups = sum(vowel for vowel, _ in groupby(_bare(word), key=_LATIN_VOWELS.__contains__))
    return float(max(1, groups)) if any(map(str.isalpha, word)) else 0.0


def _greek(word: str) -> float:
    """Greek: each vowel, or digraph; an accent or a dieresis on its first letter separates a digraph."""
    marked = "".join(
        c if not unicodedata.combining(c) else ("'" if unicodedata.name(c).endswith("ACUTE ACCENT") else '"')
        for c in unicodedata.normalize("NFD", word)
    )
    # an accent falls on the second letter of a digraph; on the first letter, the vowels are two
    marked = marked.replace("΄", "'")
    plain = re.sub(r"(?<=[αεηιουω])['\"]+(?=[ιυ])", "-", marked)
    plain = re.sub(r"(?<=[αεηο])([ιυ])['\"]*\"", r"-\1", plain).replace("'", "").replace('"', "")
    return float(max(1, len(_GREEK.findall(plain))))


def _vowel_letters(vowels: frozenset[str], *, least: int) -> Callable[[str], float]:
    return lambda word: float(max(least, sum(c in vowels for c in word)))


def _matches(pattern: re.Pattern[str]) -> Callable[[str], float]:
    return lambda word: float(max(1, len(pattern.findall(word))))


def _each_letter(word: str) -> float:
    """Han, Hangul, Ethiopic and other syllabaries: a letter is a syllable."""
    return float(sum(map(str.isalpha, word)))


def _morae(word: str) -> float:
    """Kana: each letter and length mark, except the small ones that change the letter before them."""
    letters = sum((c.isalpha() or c == "ー") and c not in _SMALL_KANA for c in word)
    return letters * MORA_SYLLABLE


def _aksharas(word: str) -> float:
    """Devanagari and its relatives: the letters that a virama does not rob of their vowel."""
    following = (*word[1:], "")
    return float(
        sum(
            c.isalpha() and unicodedata.category(c) == "Lo" and not _silenced(after)
            for c, after in zip(word, following, strict=True)
        )
        or 1
    )


def _silenced(following: str) -> bool:
    return bool(following) and unicodedata.combining(following) == _VIRAMA


def _consonants(word: str) -> float:
    """Arabic, Hebrew and their relatives: the letters, since short vowels are not written."""
    return ABJAD_SYLLABLE * sum(map(str.isalpha, word))


def _letters(word: str) -> float:
    """A script without a rule."""
    return LETTER_SYLLABLE * sum(map(str.isalpha, word))


_ABUGIDAS = (
    *("Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu", "Kannada", "Malayalam"),
    *("Sinhala", "Khmer", "Myanmar", "Balinese", "Javanese", "Sundanese"),
)
_SYLLABARIES = ("Ethiopic", "Cherokee", "Yi", "Vai", "Canadian")
_ABJADS = ("Arabic", "Hebrew", "Syriac", "Thaana")

_RULES: dict[str, Callable[[str], float]] = {
    "Latin": _vowel_groups,
    "Greek": _greek,
    "Cyrillic": _vowel_letters(_CYRILLIC_VOWELS, least=0),
    "Armenian": _matches(_ARMENIAN),
    "Georgian": _vowel_letters(_GEORGIAN_VOWELS, least=1),
    HAN: _each_letter,
    HANGUL: _each_letter,
    KANA: _morae,
    "Thai": _matches(_THAI_VOWEL),
    "Lao": _matches(_LAO_VOWEL),
    **dict.fromkeys(_SYLLABARIES, _each_letter),
    **dict.fromkeys(_ABUGIDAS, _aksharas),
    **dict.fromkeys(_ABJADS, _consonants),
}
