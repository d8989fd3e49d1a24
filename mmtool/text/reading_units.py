"""What a reader has to say of a text, in syllables, and where the reader pauses, in any script."""

import re
import unicodedata
from typing import NamedTuple

from mmtool.text.scripts import script_of
from mmtool.text.spoken import DIGIT_SYLLABLES, spoken_form
from mmtool.text.syllables import syllables_of

ALPHABETS = frozenset({"Latin", "Cyrillic", "Greek", "Armenian", "Georgian"})
_CLAUSE_ENDS = frozenset(",;:–—،؛、，；：·၊።፣፤፥")
_SENTENCE_ENDS = frozenset(".!?…。！？؟۔।॥‽።။៕.．｡՜։")


class ReadingUnits(NamedTuple):
    """What takes a reader time in one text."""

    syllables: float
    alphabetic: float  # syllables of words in alphabets, whose letters say how long they are
    letters: int  # of the same words
    clause_ends: int  # commas, semicolons, colons and dashes
    sentence_ends: int  # a run such as ``?!`` counts as one


def reading_units(text: str, language: str = "") -> ReadingUnits:
    """Count the syllables and the pauses of a text.

    ``language`` (ISO 639-1) says how numbers and abbreviations are read, and tells Japanese from Chinese.
    """
    spoken = spoken_form(text, language)
    syllables = alphabetic = 0.0
    letters_of_alphabets = 0
    for word in _words(spoken):
        digits = sum(map(str.isdigit, word))
        letters = "".join(c for c in word if not c.isdigit()) if digits else word
        syllables += digits * DIGIT_SYLLABLES
        if letters:
            own = syllables_of(letters, japanese=language == "ja")
            syllables += own
            if script_of(letters[0]) in ALPHABETS:
                alphabetic += own
                letters_of_alphabets += sum(map(str.isalpha, letters))
    stripped = re.sub(r"(?<=\d)[.,:](?=\d)", "", text)
    ends = [c in _SENTENCE_ENDS for c in stripped]
    return ReadingUnits(
        syllables=syllables,
        alphabetic=alphabetic,
        letters=letters_of_alphabets,
        clause_ends=sum(c in _CLAUSE_ENDS for c in stripped),
        sentence_ends=sum(end and not before for end, before in zip(ends, [False, *ends], strict=False)),
    )


def _words(text: str) -> list[str]:
    """Runs of letters, digits and the marks that belong to them."""
    words: list[str] = []
    current: list[str] = []
    for character in text:
        category = unicodedata.category(character)[0]
        if category in "LN" or (category == "M" and current) or (character in "ー\u200c\u200d'’" and current):
            if category in "LNM" or character == "ー":
                current.append(character)
        elif current:
            words.append("".join(current))
            current = []
    if current:
        words.append("".join(current))
    return words
