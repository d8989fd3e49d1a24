"""How long a text takes to read aloud in any language: seconds a syllable and a pause, and a language's pace.

The seconds are common to all languages; the pace multiplies them. Paces of languages are medians over
narrated film summaries of many channels; a language without one has that of its script.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmtool.arrays import Floats
from mmtool.text.reading_units import reading_units
from mmtool.text.scripts import main_script
from mmtool.text.syllables import has_rule

SNIPPET, SYLLABLE, CLAUSE_END, SENTENCE_END = 0.1, 0.17, 0.12, 0.25  # seconds
ALPHABETIC_SYLLABLE, LETTER = 0.105, 0.028  # seconds; of words in alphabets, instead of a syllable's

_LANGUAGES = {
    "en": 0.12,
    "es": 0.0,
    "fr": -0.04,
    "hi": -0.2,
    "pt": -0.07,
    "ru": -0.07,
    "zh": 0.12,
}  # log-paces
_SCRIPTS = {"Cyrillic": -0.05, "Devanagari": -0.2, "Han": 0.09, "Latin": -0.03}


@dataclass(frozen=True, slots=True)
class Pace:
    """The log of a narrator's pace before anything of the film is known: a mixture of two normal densities.

    ``mean`` is that of both. ``parts`` are ``(weight, standard deviation)``. ``known`` says whether the pace
    is known for the language or for its script.
    """

    mean: float
    parts: tuple[tuple[float, float], ...]
    known: bool = True

    def density(self, log_pace: Floats) -> Floats:
        """The density of log-paces of any shape."""
        z = log_pace - self.mean
        parts = [w * np.exp(-0.5 * (z / sd) ** 2) / (sd * np.sqrt(2 * np.pi)) for w, sd in self.parts]
        total: Floats = np.sum(parts, axis=0)
        return total


def pace_of(texts: Sequence[str], language: str) -> Pace:
    """The pace at which texts in ``language`` (ISO 639-1, or empty) are read."""
    if language in _LANGUAGES:
        return Pace(_LANGUAGES[language], ((0.75, 0.12), (0.25, 0.35)))
    script = main_script("".join(texts))
    if has_rule(script):
        return Pace(_SCRIPTS.get(script, -0.03), ((0.6, 0.2), (0.4, 0.4)))
    return Pace(0.0, ((0.5, 0.3), (0.5, 0.6)), known=False)


def seconds_of(texts: Sequence[str], language: str) -> Floats:
    """The seconds (M,) that each text takes to read at pace 1."""
    units = [reading_units(text, language) for text in texts]
    return np.array(
        [
            SNIPPET
            + SYLLABLE * (unit.syllables - unit.alphabetic)
            + ALPHABETIC_SYLLABLE * unit.alphabetic
            + LETTER * unit.letters
            + CLAUSE_END * unit.clause_ends
            + SENTENCE_END * unit.sentence_ends
            for unit in units
        ]
    )
