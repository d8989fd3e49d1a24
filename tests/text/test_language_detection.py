"""Languages told by script, and by words where a script has several."""

import pytest

from mmtool.language_codes import is_language
from mmtool.text.language_detection import detect_language, scripts_of_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("他来到城里，找到了他的父亲。", "zh"),
        ("彼は町に来て、父親を見つけました。", "ja"),
        ("그는 도시에 와서 아버지를 찾았다.", "ko"),
        ("เขามาถึงเมืองและพบพ่อของเขา", "th"),
        ("Ήρθε στην πόλη και βρήκε τον πατέρα του.", "el"),
        ("הוא הגיע לעיר ומצא את אביו.", "he"),
        ("He came to the city, and he found his father in the house of the mayor.", "en"),
        ("Él llegó a la ciudad y encontró a su padre en la casa del alcalde.", "es"),
        ("Er kam in die Stadt und fand seinen Vater im Haus des Bürgermeisters.", "de"),
        ("Он приехал в город и нашёл своего отца в доме мэра, который был рад.", "ru"),
        ("वह शहर आया और उसने अपने पिता को मेयर के घर में पाया।", "hi"),
        ("جاء إلى المدينة ووجد والده في بيت رئيس البلدية وكان سعيدا", "ar"),
    ],
)
def test_language_of_one_text(text: str, language: str):
    assert detect_language([text]) == language


@pytest.mark.parametrize("text", ["", "😀😀 ♪", "ok", "1998", "𐌀𐌁𐌂" * 20])
def test_what_tells_no_language(text: str):
    assert detect_language([text]) == ""


def test_the_language_of_most_of_the_text_counts():
    russian = "Он приехал в город и нашёл своего отца в доме мэра."
    assert detect_language([russian, "Star Wars", russian]) == "ru"


def test_codes():
    assert is_language("pt-BR")
    assert is_language("zh")
    assert not is_language("xx")
    assert not is_language("english")
    assert scripts_of_language("ja") == {"Kana", "Han"}
    assert scripts_of_language("ru") == {"Cyrillic"}
