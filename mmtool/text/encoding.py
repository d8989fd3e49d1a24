"""Bytes → text: UTF-8, UTF-16, otherwise Windows CP1252, which includes the letters of Latin-1."""

import codecs
from pathlib import Path

from mmtool.errors import InputError

_SAMPLE = 1 << 16  # bytes in which NULs are counted
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_decoded(path: Path) -> tuple[str, str]:
    r"""Return the text of ``path``, with ``\n`` at the end of lines, and the encoding that was found.

    The encoding is "utf-8", "utf-16" ("utf-16-le" or "utf-16-be" without a byte order mark) or "cp1252".
    Raises InputError if the file cannot be read, or is not text in any of these encodings.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check the path") from error
    for codec in _candidates(data):
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            line = text.count("\n", 0, text.index("\0")) + 1
            problem = f"is not text: line {line} contains a NUL byte"
            raise InputError(path, problem, "remove it, and save the file as UTF-8")
        return text.replace("\r\n", "\n").replace("\r", "\n"), codec.removesuffix("-sig")
    raise InputError(path, "is not text in UTF-8, UTF-16 or CP1252", "save it as UTF-8")


def _candidates(data: bytes) -> tuple[str, ...]:
    if data.startswith(_UTF16_MARKS):
        return ("utf-16",)
    even, odd = data[0:_SAMPLE:2].count(0), data[1:_SAMPLE:2].count(0)
    is_even = len(data) % 2 == 0
    many_nuls = max(even, odd) > min(len(data), _SAMPLE) / 8
    if is_even and many_nuls and not (even and odd):  # UTF-16 without a byte order mark
        return ("utf-16-be",) if even else ("utf-16-le",)
    return ("utf-8-sig", "cp1252")
