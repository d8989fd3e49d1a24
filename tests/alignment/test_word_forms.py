"""The forms in which written and spoken words are compared."""

import pytest

from mmtool.alignment.words.forms import forms_of, stands_alone


@pytest.mark.parametrize(
    ("text", "language", "forms"),
    [
        ("The MILL, built—by “Mr. O’Neil”!", "en", "the mill built by mr oneil"),
        ("café naïve", "fr", "cafe naive"),
        ("built in 1872", "en", "built in eighteen seventy two"),
        ("4,000 men", "en", "four thousand men"),
        ("2 000 francs", "fr", "deux mille francs"),
        ("on the 3rd day", "en", "on the third day"),
        ("3.5 miles", "en", "three point five miles"),
        ("В 12 часов", "ru", "в двенадцать часов"),
        ("50% of them & more", "en", "fifty percent of them and more"),
        ("12 cars", "", "12 cars"),
        ("12 bil", "xx", "12 bil"),
        ("他来了。", "zh", "他 来 了"),
        ("♪ … -", "en", ""),
    ],
)
def test_case_accents_punctuation_and_numbers_do_not_count(text: str, language: str, forms: str):
    assert [form.text for form in forms_of(text, language)] == forms.split()


def test_words_keep_their_vowel_signs_and_invisible_joiners():
    assert len(forms_of("हिन्दी भाषा", "hi")) == 2
    assert len(forms_of("می\u200cروم", "fa")) == 1


def test_a_long_number_is_read_digit_by_digit():
    assert len(forms_of("1234567890123456", "en")) == 16


def test_each_word_of_a_number_has_its_share_of_the_digits():
    text = "in 1872."
    assert [(form.start, form.end) for form in forms_of(text, "en")] == [(0, 2), (3, 4), (4, 6), (6, 7)]


def test_forms_name_the_characters_they_come_from():
    text = "Don't go, José!"
    assert [text[form.start : form.end] for form in forms_of(text)] == ["Don't", "go", "José"]


def test_only_characters_of_scripts_without_spaces_stand_alone():
    assert stands_alone("他")
    assert not stands_alone("a")
    assert not stands_alone("他来")
