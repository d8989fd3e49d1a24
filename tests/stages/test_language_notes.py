"""What `align` says about texts whose scripts and languages make reading times less certain."""

import pytest

from mmtool.records import Snippet
from mmtool.settings.align import AlignSettings
from mmtool.stages.align import notes_on

SPANISH = (
    "La mujer entra en la casa y cierra la puerta con mucho cuidado porque tiene miedo de los ladrones.",
    "Después de una hora larga sale otra vez al jardín, donde encuentra a su hermano que la esperaba.",
)


def said(*texts: str, language: str = "auto") -> list[str]:
    return notes_on([Snippet(text) for text in texts], AlignSettings(language=language))


def test_a_script_without_rates_gets_a_generic_one():
    (note,) = said("𐌲𐌿𐍄𐌹𐍃𐌺 𐍂𐌰𐌶𐌳𐌰")
    assert note == "reading times in the Gothic script are not known; a generic rate per letter was used"


def test_mixed_scripts_share_one_pace():
    (note,) = said("Он видит Mary и кошку", "Then he runs away")
    assert note == "the text mixes the Latin and Cyrillic scripts; one pace was used for all of it"


def test_another_script_than_that_of_the_named_language():
    (note,) = said("הוא נכנס לבית", language="de")
    assert note == "the text is in the Hebrew script, but `language=de`"


@pytest.mark.parametrize(("language", "notes"), [("es", 0), ("es-MX", 0), ("auto", 0), ("en", 1), ("fr", 1)])
def test_another_language_than_the_named_one(language, notes):
    found = said(*SPANISH, language=language)
    assert found == [f"the text looks like language es, but `language={language}`"] * notes


def test_a_short_text_says_nothing_about_its_language():
    assert said("El final.", language="en") == []
