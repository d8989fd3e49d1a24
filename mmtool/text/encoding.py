"""From bytes to text: UTF-8, UTF-16 with a byte order mark, else Windows' CP1252."""

import codecs
from pathlib import Path

from mmtool.errors import InputError

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_decoded(path: Path) -> tuple[str, str]:
    r"""Return the text of ``path``, its lines ended by ``\n``, and the encoding that was found.

    The encoding is "utf-8", "utf-16" or "cp1252". Raises ``InputError`` where the file cannot be read
    or is not text in any of them.
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
            break
        return text.replace("\r\n", "\n").replace("\r", "\n"), codec.removesuffix("-sig")
    raise InputError(path, "is not text in UTF-8, UTF-16 or CP1252", "save it as UTF-8")


def _candidates(data: bytes) -> tuple[str, ...]:
    if data.startswith(_UTF16_MARKS):
        return ("utf-16",)
    return ("utf-8-sig", "cp1252")
