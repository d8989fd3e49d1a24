"""Syllables of words in each script, counted by hand."""

import pytest

from mmtool.text.scripts import main_script, main_scripts, script_of
from mmtool.text.syllables import ABJAD_SYLLABLE, KANJI_MORAE, LETTER_SYLLABLE, MORA_SYLLABLE, syllables_of


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("beautiful", 3),  # beau-ti-ful
        ("café", 2),
        ("São", 1),
        ("ναός", 2),  # na-os
        ("ιστορία", 4),  # i-sto-ri-a
        ("αυτοκίνητο", 5),  # af-to-ki-ni-to
        ("άυλος", 3),  # the accent separates a-i-los
        ("привет", 2),
        ("йога", 2),  # й is no vowel
        ("автомобиль", 4),
        ("香水", 2),
        ("안녕하세요", 5),
        ("हिन्दी", 2),  # hin-di: the virama joins n and d
        ("नमस्ते", 3),  # na-ma-ste
        ("தமிழ்", 2),  # ta-mil
        ("বাংলা", 2),  # bang-la
        ("မြန်မာ", 2),  # myan-ma
        ("ភាសា", 2),  # phea-sa
        ("ภาษาไทย", 3),  # pha-sa-thai
        ("เรียน", 1),  # vowel signs before, above and after one consonant
        ("โรงเรียน", 2),  # rong-rian
        ("საქართველო", 4),  # sa-kart-ve-lo
        ("Հայաստան", 3),  # ha-yas-tan
        ("ኢትዮጵያ", 5),
    ],
)
def test_syllables_that_a_script_shows(word: str, count: int):
    assert syllables_of(word) == count


@pytest.mark.parametrize(
    ("word", "morae"), [("ひらがな", 4), ("きょう", 2), ("スーパー", 4), ("がっこう", 4), ("ｶﾞｯｺｳ", 4)]
)
def test_kana_are_morae(word: str, morae: int):
    assert syllables_of(word) == pytest.approx(morae * MORA_SYLLABLE)


def test_kanji_are_longer_in_japanese():
    assert syllables_of("東京", japanese=True) == pytest.approx(2 * KANJI_MORAE * MORA_SYLLABLE)
    assert syllables_of("東京") == 2


@pytest.mark.parametrize(("word", "consonants"), [("مرحبا", 5), ("שלום", 4), ("مَرْحَبًا", 5)])
def test_scripts_without_vowels_count_letters_and_no_vowel_points(word: str, consonants: int):
    assert syllables_of(word) == consonants * ABJAD_SYLLABLE


def test_a_script_without_a_rule_counts_letters():
    assert syllables_of("𐌀𐌁𐌂") == pytest.approx(3 * LETTER_SYLLABLE)  # Old Italic


def test_normal_forms_count_the_same():
    assert syllables_of("한국") == syllables_of("한국") == 2
    assert syllables_of("ａｌｐｈａ") == syllables_of("alpha") == 2
    assert syllables_of("ёлка") == syllables_of("ёлка") == 2


def test_scripts_are_told_apart():
    assert [script_of(c) for c in "aяαあ漢한हा1.😀"] == [
        *("Latin", "Cyrillic", "Greek", "Kana", "Han", "Hangul", "Devanagari", "Devanagari"),
        *("other", "other", "other"),
    ]
    assert main_script("Dior 的花漾甜心还是反转巴黎") == "Han"
    assert main_script("… 12 😀") == "other"


@pytest.mark.parametrize(
    ("text", "scripts"),
    [
        ("Он видит Mary", ("Cyrillic", "Latin")),
        ("Он открывает дверь. OK", ("Cyrillic",)),  # 2 of 18 letters are Latin
        ("彼は東京に行きました", ("Kana",)),
        ("😀 12", ()),
    ],
)
def test_main_scripts_hold_a_fifth_of_the_letters(text: str, scripts: tuple[str, ...]) -> None:
    assert main_scripts(text) == scripts
