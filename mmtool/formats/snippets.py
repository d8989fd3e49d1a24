"""``snippets/<id>.csv``: snippet,text,start,end; times where the source has them."""

from collections.abc import Sequence
from pathlib import Path

from mmtool.errors import InputError
from mmtool.formats.csv_rows import finite_seconds, read_rows, write_rows
from mmtool.records import Snippet

COLUMNS = ("snippet", "text", "start", "end")
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
        snippets.append(Snippet(row["text"], times[0], times[1]))
    if not snippets:
        raise InputError(path, "holds no snippets", REMEDY)
    return snippets


def write_snippets(path: Path, snippets: Sequence[Snippet]) -> None:
    """Write the snippets of one text."""
    write_rows(path, COLUMNS, ((i, s.text, s.start, s.end) for i, s in enumerate(snippets)))
