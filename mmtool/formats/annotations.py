"""``annotations/<id>.tsv``: start <TAB> end <TAB> text, no header."""

from collections.abc import Sequence
from pathlib import Path

from mmtool.errors import InputError
from mmtool.formats.atomic import write_text
from mmtool.formats.csv_rows import finite_seconds, read_utf8
from mmtool.records import Annotation

REMEDY = "write one `start<TAB>end<TAB>text` a line, in seconds"


def read_annotations(path: Path) -> list[Annotation]:
    """Read the truth about one video; raises InputError for an interval without length."""
    annotations: list[Annotation] = []
    for number, line in enumerate(read_utf8(path, REMEDY).splitlines(), start=1):
        if not line.strip():
            continue
        cells = line.split("\t", maxsplit=2)
        try:
            start, end = finite_seconds(cells[0]), finite_seconds(cells[1])
            text = cells[2].strip()
        except (ValueError, IndexError):
            raise InputError(path, f"line {number} is not start, end and text", REMEDY) from None
        if start < 0 or end <= start:
            raise InputError(
                path, f"line {number}: the interval {start:g}–{end:g} s has no length", "correct it"
            )
        annotations.append(Annotation(start, end, text))
    if not annotations:
        raise InputError(path, "holds no annotations", REMEDY)
    return annotations


def write_annotations(path: Path, annotations: Sequence[Annotation]) -> None:
    """Write the truth about one video."""
    write_text(path, "".join(f"{a.start}\t{a.end}\t{' '.join(a.text.split())}\n" for a in annotations))
