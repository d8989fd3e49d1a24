"""Names of files that Linux, macOS and Windows all store, so that a corpus can move between them."""

import re
import unicodedata

LONGEST = 200  # bytes of UTF-8; file systems take 255, of which suffixes and partial files need a part
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_DEVICES = re.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])", re.IGNORECASE)


def problem_of(name: str) -> str:
    """What keeps a name, without its suffix, from being stored on some system; empty if nothing does."""
    if not name:
        return "this name is empty"
    if any(unicodedata.category(character) == "Cc" for character in name):
        return "this name contains a control character"
    if found := _FORBIDDEN.search(name):
        return f"a name with {found[0]} is not possible on Windows"
    if name.endswith((".", " ")):
        last = "a dot" if name.endswith(".") else "a space"
        return f"a name that ends in {last} is not possible on Windows"
    if _DEVICES.fullmatch(name.split(".")[0].rstrip()):
        return "this name is that of a device on Windows"
    if len(name.encode("utf-8", "surrogatepass")) > LONGEST:
        return f"a name of more than {LONGEST} bytes is too long"
    return ""


def same_file(name: str) -> str:
    """A key that is equal for names that macOS or Windows takes for one, which differ in case or accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
