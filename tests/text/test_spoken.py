"""Numbers, symbols and abbreviations as they are spoken."""

import pytest

from mmtool.text.reading_units import reading_units
from mmtool.text.spoken import DIGIT_SYLLABLES, spoken_form


@pytest.mark.parametrize(
    ("text", "language", "spoken"),
    [
        ("In 1998", "en", "In nineteen ninety-eight"),
        ("1,200 men", "en", "one thousand, two hundred men"),
        ("2 men", "en", "two men"),
        ("2.5", "en", "two point five"),
        ("Mr. Smith", "en", "mister Smith"),
        ("el Sr. García", "es", "el señor García"),
        ("2 г.", "ru", "два год"),
        ("21 hommes", "fr", "vingt et un hommes"),
        ("the FBI", "en", "the a a a"),
        ("the NASA", "en", "the NASA"),
        ("THE END", "en", "THE END"),
    ],
)
def test_spoken_form(text: str, language: str, spoken: str):
    assert " ".join(spoken_form(text, language).split()) == spoken


def test_numbers_without_words_count_their_digits():
    assert reading_units("123", "hi").syllables == pytest.approx(3 * DIGIT_SYLLABLES)
    assert reading_units("१२३", "hi").syllables == pytest.approx(3 * DIGIT_SYLLABLES)
    assert reading_units("9" * 40, "en").syllables == pytest.approx(40 * DIGIT_SYLLABLES)


@pytest.mark.parametrize(
    ("text", "language", "syllables", "clauses", "sentences"),
    [
        ("Hello, world!", "en", 3, 1, 1),
        ("In 1998, he left...", "en", 1 + 3 + 3 + 1 + 1 + 1, 1, 1),  # ni-ne-teen ni-ne-ty-eight
        ("在1738年，他来了。", "zh", 1 + 4 * DIGIT_SYLLABLES + 1 + 3, 1, 1),
        ("हिन्दी है।", "hi", 3, 0, 1),
        ("مرحبا، كيف؟", "ar", 2.5 + 1.5, 1, 1),
        ("안녕, 세상.", "ko", 4, 1, 1),
        ("😀 … ♪♪", "en", 0, 0, 1),
        ("", "en", 0, 0, 0),
        ("Wait?! What", "en", 2, 0, 1),
        ("Москва и Paris", "ru", 2 + 1 + 2, 0, 0),
    ],
)
def test_reading_units(text: str, language: str, syllables: float, clauses: int, sentences: int):
    units = reading_units(text, language)
    assert units.syllables == pytest.approx(syllables)
    assert (units.clause_ends, units.sentence_ends) == (clauses, sentences)


def test_letters_count_in_alphabets_only():
    assert reading_units("word").letters == 4
    assert reading_units("слово").letters == 5
    assert reading_units("漢字 कमल").letters == 0
