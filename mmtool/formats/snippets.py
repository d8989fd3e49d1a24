"""``snippets/<id>.csv``: snippet,text,start,end,kind,line,from,to.

Times and kinds are given if the source has them. ``line`` (counted from 1) and the characters
``[from, to)`` locate the snippet in the decoded text, whose lines end with ``\\n``. The last four columns
are optional, and their cells may be empty.
"""

from collections.abc import Sequence
from pathlib import Path

from mmtool.errors import InputError
from mmtool.formats.csv_rows import finite_seconds, read_rows, write_rows
from mmtool.records import Place, Snippet

COLUMNS = ("snippet", "text", "start", "end")
PLACE = ("line", "from", "to")
REMEDY = "run `mmtool segment`, or write it by hand with the columns " + ",".join(COLUMNS)


def read_snippets(path: Path) -> list[Snippet]:
    """Read the snippets of one text, in reading order.

    Raises:
        InputError: The file is missing or empty, or a line is malformed or has no text.
    """
    snippets: list[Snippet] = []
    for line, row in read_rows(path, COLUMNS, REMEDY):
        try:
            times = [finite_seconds(row[name]) if row[name] else None for name in ("start", "end")]
        except ValueError:
            raise InputError(path, f"line {line} has a time that is not a number", REMEDY) from None
        if not row["text"].strip():
            raise InputError(path, f"line {line} has no text", REMEDY)
        place = _place(path, line, [row.get(name, "") for name in PLACE])
        snippets.append(Snippet(row["text"], times[0], times[1], row.get("kind", ""), place))
    if not snippets:
        raise InputError(path, "contains no snippets", REMEDY)
    return snippets


def _place(path: Path, line: int, cells: Sequence[str]) -> Place | None:
    if not any(cells):
        return None
    try:
        place = Place(*map(int, cells))
    except ValueError:
        raise InputError(path, f"line {line} has a place that is not a whole number", REMEDY) from None
    if place.line < 1 or not 0 <= place.start < place.end:
        raise InputError(path, f"line {line} has an impossible place", REMEDY)
    return place


def write_snippets(path: Path, snippets: Sequence[Snippet]) -> None:
    """Write the snippets of one text."""
    rows = (
        (i, s.text, s.start, s.end, s.kind, *(s.place or (None, None, None))) for i, s in enumerate(snippets)
    )
    write_rows(path, (*COLUMNS, "kind", *PLACE), rows)
