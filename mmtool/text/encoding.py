"""Bytes → text: UTF-8 and byte order marks first, otherwise the encoding that chardet detects."""

import codecs
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from mmtool.errors import InputError
from mmtool.text.plausible import (
    control_characters,
    has_foreign_marks_only,
    is_east_asian,
    is_western,
    looks_written,
)

_MARKS = {  # those of UTF-32 before those of UTF-16, which begin like them
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_ENCODINGS = (  # those of subtitle collections
    *("windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1255"),
    *("windows-1256", "windows-1257", "windows-1258", "cp874", "tis-620"),
    *("iso-8859-1", "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-9", "iso-8859-15"),
    *(
        "koi8-r",
        "koi8-u",
        "cp866",
        "mac-cyrillic",
        "gb2312",
        "gbk",
        "gb18030",
        "big5",
        "big5hkscs",
        "euc-kr",
        "cp949",
    ),
    *("shift_jis", "cp932", "shift_jis_2004", "euc-jp", "euc_jis_2004"),
    *("iso2022_jp", "iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_ext", "utf-16-le", "utf-16-be"),
)
_LARGER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-1": "cp1252",
}
_WESTERN = "cp1252"
_LEAST_CONFIDENCE = 0.05  # of chardet; it is sure of a text of one sentence at about 0.1
_SAMPLE = 100_000  # bytes of lines with other characters than ASCII
_LEAST_PADDING = 4  # NULs; the last character of a text in UTF-16 or UTF-32 may have three
_MOST_NULS = 0.05  # of the characters of a WebVTT file
_WEBVTT = re.compile("\ufeff?WEBVTT[ \t\n\0]")
_BREAK = re.compile("\r{0,2}\n|\r")
_STRAY_MARK = re.compile("\ufeff(?=1\n|WEBVTT)|\ufeff")
_REMEDY = "save it as UTF-8, or name its encoding with `encoding`"


def read_decoded(path: Path, encoding: str | None = None) -> tuple[str, str]:
    r"""Return the text of ``path``, with ``\n`` at the end of lines, and its encoding.

    Byte order marks are removed, those inside of the text as well. ``encoding`` is used as it is; without
    it, the encoding is found, and its name is as Python's codecs write it ("utf-8", "cp1252").

    Raises InputError if the file cannot be read, is not text, or has an encoding that cannot be told.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check the path") from error
    data = _without_padding(data)
    text, codec = _decode(path, data, encoding) if encoding else _detect(path, data)
    text = _BREAK.sub("\n", text)
    if _WEBVTT.match(text) and 0 < text.count("\0") <= _MOST_NULS * len(text):
        return _without_marks(text.replace("\0", "\ufffd")), codec  # as its standard says
    if count := control_characters(text):
        what = "a NUL byte" if "\0" in text else f"one of {count} control characters"
        found = next(i for i, c in enumerate(text) if control_characters(c))
        line = text.count("\n", 0, found) + 1
        raise InputError(path, f"is not text: line {line} contains {what}", "remove it, or " + _REMEDY)
    return _without_marks(text), codec


def _without_padding(data: bytes) -> bytes:
    """Remove what DOS and broken downloads leave after the last line of a text of single bytes."""
    text = data.rstrip(b"\0\x1a")
    padding = data[len(text) :]
    is_padded = padding.count(0) >= _LEAST_PADDING or (text.isascii() and len(padding) == 1)
    return text if text and is_padded and 0 not in text else data


def _decode(path: Path, data: bytes, codec: str) -> tuple[str, str]:
    """Decode as a codec that is known; raises InputError, which names the line of the first bad byte."""
    try:
        return data.decode(codec), codecs.lookup(codec).name.removesuffix("-sig")
    except UnicodeDecodeError as error:
        line = len(_BREAK.findall(data[: error.start].decode(codec, "replace"))) + 1
        problem = f"is not valid {codec.removesuffix('-sig').upper()}: {_bad_byte(line, data[error.start])}"
        raise InputError(path, problem, "correct that line, or name another `encoding`") from error


def _bad_byte(line: int, byte: int) -> str:
    return f"line {line} contains the byte 0x{byte:02X}, which has no meaning there"


def _detect(path: Path, data: bytes) -> tuple[str, str]:
    for mark, codec in _MARKS.items():
        if data.startswith(mark):
            return _decode(path, data, codec)
    is_utf8 = True
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        is_utf8 = False
    if is_utf8 and "\0" not in text and b"\x1b$" not in data:  # the start of Japanese in ISO-2022-JP
        return text, "utf-8"
    if is_utf8 and _has_lines_of_bytes(data):
        return text, "utf-8"  # with NULs, which are refused
    if not is_utf8 and (text := _of_surrogates(data)):
        return text, "utf-8"
    if not is_utf8 and _is_nearly_utf8(data):
        return _decode(path, data, "utf-8")
    guesses = _guesses(data)
    for codec, is_plausible in _attempts(guesses):
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        if is_plausible(text):
            return text, codec
    if is_utf8:
        return data.decode("utf-8"), "utf-8"  # with NULs, which are refused
    for codec in ("utf-16-le", "utf-16-be"):
        text = data.decode(codec, "replace")
        if is_east_asian(text):
            return text, codec
    if _is_nearly_utf8(data, 1):
        return _decode(path, data, "utf-8")
    if not guesses:
        raise InputError(path, "is not text", _REMEDY)
    best = " or ".join(codec for codec, _ in guesses[:3])
    raise InputError(path, f"has an unknown encoding, perhaps {best}", _REMEDY)


def _has_lines_of_bytes(data: bytes) -> bool:
    """Whether most lines end as in UTF-8; in UTF-16, a NUL stands beside each line feed."""
    ends = re.findall(rb"\0?\n\0?", data)
    return b"\x1b$" not in data and 2 * ends.count(b"\n") > len(ends)


def _of_surrogates(data: bytes) -> str:
    """The text of a file in which characters beyond 16 bits are written as two (CESU-8); otherwise empty."""
    try:
        pairs = data.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass")
        return pairs.decode("utf-16")
    except UnicodeError:
        return ""


def _is_nearly_utf8(data: bytes, times: int = 2) -> bool:
    """Whether most characters beyond ASCII are those of UTF-8, which other encodings rarely resemble."""
    text = data.decode("utf-8", "surrogateescape")
    bad = len(re.findall("[\udc80-\udcff]", text))
    good = len(re.findall("[^\0-\x7f\udc80-\udcff]", text))
    return good > times * bad


def _guesses(data: bytes) -> list[tuple[str, float]]:
    """Codecs and chardet's confidence in them, the best first; none for bytes that are not text."""
    import chardet  # takes a moment to load, and most files are UTF-8

    even, odd = data[0::2].count(0), data[1::2].count(0)
    if even or odd or b"\x1b$" in data:
        sample = data[: _SAMPLE * 2]
    else:
        lines = (line for line in data.splitlines() if not line.isascii())
        sample = b"\n".join(lines)[:_SAMPLE]
    found = chardet.detect_all(sample)
    guesses: list[tuple[str, float]] = []
    for guess in found:
        if guess["encoding"] is None:
            continue
        codec = codecs.lookup(guess["encoding"]).name
        codec = _LARGER.get(codec, codec)
        if codec in _CODECS and codec not in (known for known, _ in guesses):
            guesses.append((codec, guess["confidence"]))
    return guesses


def _attempts(guesses: list[tuple[str, float]]) -> Iterator[tuple[str, Callable[[str], bool]]]:
    """Yield the codecs to try, and what their text must be: chardet's are tried where it is sure.

    A text in ASCII but for some quotes, or for the few letters of "café", is too little for chardet.
    """
    yield _WESTERN, has_foreign_marks_only
    for codec, confidence in guesses:
        if confidence >= _LEAST_CONFIDENCE:
            yield codec, looks_written
    yield _WESTERN, is_western


def _without_marks(text: str) -> str:
    """Remove byte order marks, which files that were put together contain where the next one began."""
    return _STRAY_MARK.sub(lambda mark: "\n" if _begins_within(text, mark) else "", text)


def _begins_within(text: str, mark: re.Match[str]) -> bool:
    """Whether a file begins after the mark, in the middle of a line."""
    return (
        text[mark.end() : mark.end() + 1] in ("1", "W") and text[max(mark.start() - 1, 0)] not in "\n\ufeff"
    )


_CODECS = {codecs.lookup(name).name for name in _ENCODINGS}
