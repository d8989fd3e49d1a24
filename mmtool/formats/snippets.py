"""``snippets/<id>.csv``: snippet,text,start,end,kind,line,from,to.

Times and kinds stand where the source has them. ``line`` (from 1) and the characters ``[from, to)`` say
where the snippet stands in its text as it was decoded, with lines ended by ``\\n``. The last four columns
may be missing, and their cells empty.
"""

from collections.abc import Sequence
from pathlib import Path

from mmtool.errors import InputError
from mmtool.formats.csv_rows import finite_seconds, read_rows, write_rows
from mmtool.records import Place, Snippet

COLUMNS = ("snippet", "text", "start", "end")
PLACE = ("line", "from", "to")
REMEDY = "run `mmtool segment` or write it by hand with the columns " + ",".join(COLUMNS)


def read_snippets(path: Path) -> list[Snippet]:
    """Read the snippets of one text, in reading order."""
    snippets: list[Snippet] = []
    for line, row in read_rows(path, COLUMNS, REMEDY):
        try:
            times = [finite_seconds(row[name]) if row[name] else None for name in ("start", "end")]
        except ValueError:
            raise InputError(path, f"line {line} has a time that is no number", REMEDY) from None
        if not row["text"].strip():
            raise InputError(path, f"line {line} has no text", REMEDY)
        place = _place(path, line, [row.get(name, "") for name in PLACE])
        snippets.append(Snippet(row["text"], times[0], times[1], row.get("kind", ""), place))
    if not snippets:
        raise InputError(path, "holds no snippets", REMEDY)
    return snippets


def _place(path: Path, line: int, cells: Sequence[str]) -> Place | None:
    if not any(cells):
        return None
    try:
        place = Place(*map(int, cells))
    except ValueError:
        raise InputError(path, f"line {line} has a place that is no whole number", REMEDY) from None
    if place.line < 1 or not 0 <= place.start < place.end:
        raise InputError(path, f"line {line} has an impossible place", REMEDY)
    return place


def write_snippets(path: Path, snippets: Sequence[Snippet]) -> None:
    """Write the snippets of one text."""
    rows = (
        (i, s.text, s.start, s.end, s.kind, *(s.place or (None, None, None))) for i, s in enumerate(snippets)
    )
    write_rows(path, (*COLUMNS, "kind", *PLACE), rows)
