"""Which ids a corpus may have: names of files that every system can hold, so that a corpus can move."""

import re
from collections import defaultdict
from collections.abc import Iterable

from mmtool.errors import InputError

RESERVED = frozenset({"metrics", "@transform", "@region-names"})
LONGEST = 200  # bytes of UTF-8; systems allow 255, of which partial files need some
REMEDY = "rename the film and its text"
_FORBIDDEN = re.compile(r'[<>:"|?*\\]')  # in names of files on Windows
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)  # names of Windows


def problem_of(id: str) -> str:
    """Why an id cannot be used; empty if it can."""
    if id.casefold() in RESERVED:
        return "this name is reserved for a file of mmtool's own"
    if found := _FORBIDDEN.search(id):
        return f"a name with {found[0]} is not possible on Windows"
    if id.endswith((".", " ")):
        return f"a name that ends in a {'dot' if id.endswith('.') else 'space'} is not possible on Windows"
    if _DEVICE.fullmatch(id.partition(".")[0].rstrip()):
        return "this name is that of a device on Windows"
    if len(id.encode(errors="surrogateescape")) > LONGEST:
        return f"a name of more than {LONGEST} bytes is too long"
    return ""


def require_usable(id: str) -> None:
    """Raise InputError for an id that cannot be used."""
    if problem := problem_of(id):
        raise InputError(id, problem, REMEDY)


def alike(ids: Iterable[str]) -> dict[str, str]:
    """Ids that differ from an earlier one only in case, which not all systems tell apart, and that one."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for id in ids:
        groups[id.casefold()].append(id)
    return {id: first for first, *others in groups.values() for id in others}
