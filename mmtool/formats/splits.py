"""``splits/<split>.txt``: one id per line; ``#`` starts a comment."""

from collections.abc import Iterable
from pathlib import Path

from mmtool.formats.atomic import write_text
from mmtool.formats.csv_rows import read_utf8


def read_split(path: Path) -> list[str]:
    """Read the ids of one split in the order of the file, without duplicates."""
    lines = (line.split("#")[0].strip() for line in read_utf8(path, "write one id per line").splitlines())
    return list(dict.fromkeys(line for line in lines if line))


def write_split(path: Path, ids: Iterable[str]) -> None:
    """Write the ids of one split."""
    write_text(path, "".join(f"{id}\n" for id in ids))
