"""From bytes to text: UTF-8, UTF-16, else Windows' CP1252, of which Latin-1's letters are a part."""

import codecs
from pathlib import Path

from mmtool.errors import InputError

_LOOK = 1 << 16  # bytes
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_decoded(path: Path) -> tuple[str, str]:
    r"""Return the text of ``path``, its lines ended by ``\n``, and the encoding that was found.

    The encoding is "utf-8", "utf-16" (without a byte order mark "utf-16-le" or "utf-16-be") or "cp1252".
    Raises ``InputError`` where the file cannot be read or is not text in any of them.
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
            problem = f"is not text: line {line} holds a NUL byte"
            raise InputError(path, problem, "take it out; save it as UTF-8")
        return text.replace("\r\n", "\n").replace("\r", "\n"), codec.removesuffix("-sig")
    raise InputError(path, "is not text in UTF-8, UTF-16 or CP1252", "save it as UTF-8")


def _candidates(data: bytes) -> tuple[str, ...]:
    if data.startswith(_UTF16_MARKS):
        return ("utf-16",)
    even, odd = data[0:_LOOK:2].count(0), data[1:_LOOK:2].count(0)
    is_even = len(data) % 2 == 0
    if (
        is_even and max(even, odd) > min(len(data), _LOOK) / 8 and not (even and odd)
    ):  # a mark is missing, NULs are not
        return ("utf-16-be",) if even else ("utf-16-le",)
    return ("utf-8-sig", "cp1252")
