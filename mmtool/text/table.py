"""Tables of timed text: ``start<TAB>end<TAB>text``, a row a line."""

from pathlib import Path

from mmtool.choices import TextSplit
from mmtool.errors import InputError
from mmtool.records import Snippet
from mmtool.text.splitting import split_snippet
from mmtool.text.times import parse_interval

_COLUMNS = ["start", "end", "text"]
_ROW = "start<TAB>end<TAB>text"


def read_rows(path: Path, text: str, split: TextSplit) -> list[Snippet]:
    """Return a snippet for each row, in the order of the file; times are seconds or H:MM:SS.mmm.

    A first row of column names, blank lines and lines that begin with ``#`` are skipped. Raises
    ``InputError`` for a row that is malformed or whose times are reversed, and for a file without rows.
    """
    snippets: list[Snippet] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t", maxsplit=2)]
        if not snippets and [cell.lower() for cell in cells] == _COLUMNS:
            continue
        if len(cells) < len(_COLUMNS) or not cells[-1]:
            raise InputError(path, f"line {number} is not a row", f"write {_ROW}")
        interval = parse_interval(path, f"line {number}", cells[0], cells[1])
        snippets += split_snippet(Snippet(cells[2], *interval), split)
    if not snippets:
        raise InputError(path, "has no rows", f"write {_ROW}, a row a line")
    return snippets
