"""Bytes become text by the encoding that they have, or are refused: never mojibake that counts as done."""

from pathlib import Path

import pytest

from mmtool.choices import TextSplit
from mmtool.errors import CallError, InputError
from mmtool.settings.segment import SegmentSettings
from mmtool.stages.segment import split_text
from mmtool.text.encoding import read_decoded
from mmtool.text.readers import read_text
from support.commands import call

SPOKEN = {
    "cp1251": "Чайник поёт на плите.\nНикто его не слышит.",
    "koi8-r": "Чайник поёт на плите.\nНикто его не слышит.",
    "mac-cyrillic": "Чайник поёт на плите.\nНикто его не слышит.",
    "cp1253": "Η μητέρα μου περιμένει στο σπίτι.\nΈλα γρήγορα!",
    "cp1250": "Proszę, nie mów o tym nikomu.\nPospiesz się, pociąg odjeżdża!",
    "cp1254": "Çabuk ol, tren kalkıyor!\nLütfen bunu kimseye söyleme.",
    "cp1255": "אמא שלי מחכה בבית.\nתמהר, הרכבת יוצאת!",
    "cp1256": "أمي تنتظر في البيت.\nأسرع، القطار سيغادر!",
    "gb18030": "水壶在炉子上唱歌。\n没有人来。",
    "big5": "我媽媽在家裡等著。\n快點，火車要開了！",
    "shift_jis": "母が家で待っている。\n急いで、電車が出るよ！",
    "euc_jp": "母が家で待っている。\n急いで、電車が出るよ！",
    "iso2022_jp": "母が家で待っている。\n急いで、電車が出るよ！",
    "cp949": "어머니가 집에서 기다리고 계셔.\n서둘러!",
    "cp1252": "Garçon! Où est-il allé?\nÀ la fête, bien sûr.",
}


def decoded(folder: Path, data: bytes, encoding: str | None = None) -> tuple[str, str]:
    (folder / "a.txt").write_bytes(data)
    return read_decoded(folder / "a.txt", encoding)


@pytest.mark.parametrize("codec", SPOKEN)
@pytest.mark.parametrize("style", ["{}", "1\n00:00:01,000 --> 00:00:02,000\n{}\n"])
def test_the_encoding_of_a_few_words_is_detected(tmp_path, codec, style):
    text = style.format(SPOKEN[codec])
    assert decoded(tmp_path, text.encode(codec))[0] == text


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["他走了。她来了。", "Hello there.\nBye", "Привет, как дела?\nХорошо"])
def test_utf16_without_a_mark(tmp_path, codec, text):
    assert decoded(tmp_path, text.encode(codec)) == (text, codec)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_decides(tmp_path, codec):
    assert decoded(tmp_path, "Ünï\n".encode(codec)) == ("Ünï\n", codec.removesuffix("-sig"))


def test_marks_inside_of_a_text_are_removed(tmp_path):
    assert decoded(tmp_path, "\ufeffa\n\ufeff2\nb\ufeff\n".encode())[0] == "a\n2\nb\n"


@pytest.mark.parametrize("padding", [b"\x1a", bytes(512)])
def test_what_dos_and_broken_downloads_leave_at_the_end_is_removed(tmp_path, padding):
    assert decoded(tmp_path, b"One.\nTwo.\n" + padding) == ("One.\nTwo.\n", "utf-8")


def test_the_last_character_of_utf16_is_no_padding(tmp_path):
    assert decoded(tmp_path, "\ufeff他走了一".encode("utf-16-be")) == ("他走了一", "utf-16")


def test_characters_that_are_written_as_two_surrogates(tmp_path):
    assert decoded(tmp_path, b"He smiles \xed\xa0\xbd\xed\xb8\x80.\n") == ("He smiles \U0001f600.\n", "utf-8")


def test_a_byte_of_another_encoding_among_few_letters_is_named(tmp_path):
    with pytest.raises(InputError, match="line 2 contains the byte 0x92"):
        decoded(tmp_path, "Il était là.\nIl l".encode() + b"\x92a vu.\n")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_one_bad_byte_is_named(tmp_path, end):
    lines = ["Чайник поёт", "на плите", "Никто"]
    data = end.join(lines).encode().replace("п".encode() + "л".encode(), b"\xd0" + "л".encode())
    with pytest.raises(InputError, match="line 2 contains the byte 0xD0") as caught:
        decoded(tmp_path, data)
    assert "encoding" in caught.value.remedy


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", bytes(range(256)), b"\xff" * 40, b"\x01\x02\x03abc" * 9]
)
def test_what_is_not_text_is_refused(tmp_path, data):
    with pytest.raises(InputError):
        decoded(tmp_path, data)


def test_what_chardet_is_not_sure_of_is_refused_with_its_guesses(tmp_path):
    with pytest.raises(InputError, match=r"unknown encoding, perhaps .*cp1251") as caught:
        decoded(tmp_path, "Да".encode("cp1251"))
    assert "`encoding`" in caught.value.remedy


@pytest.mark.parametrize("text", ["It’s late — “go”…", "Café", "¡Sí!", "5 € – naïve"])
def test_english_with_a_few_other_characters_is_cp1252(tmp_path, text):
    assert decoded(tmp_path, text.encode("cp1252")) == (text, "cp1252")


def test_the_setting_overrides(tmp_path):
    (tmp_path / "texts").mkdir()
    path = tmp_path / "texts" / "a.txt"
    path.write_bytes("Да".encode("cp1251"))
    assert "unknown encoding" in call("segment", tmp_path, code=1).stderr
    said = call("segment", tmp_path, "--encoding", "cp1251").stderr
    assert "read as cp1251" in said
    assert "0,Да," in (tmp_path / "snippets" / "a.csv").read_text(encoding="utf-8")
    assert split_text(path, SegmentSettings(encoding="koi8-r")).snippets[0].text == "дЮ"
    with pytest.raises(InputError, match="line 1 contains the byte 0xC4"):
        read_text(path, split=TextSplit.NONE, language="en", encoding="ascii")


@pytest.mark.parametrize("name", ["klingon", "hex", "a b", ""])
def test_an_encoding_that_is_not_one(name):
    with pytest.raises(CallError, match="encoding"):
        SegmentSettings(encoding=name)
