"""``annotations/<id>.tsv``: start, end and text, separated by tabs, without a header."""

from collections.abc import Sequence
from pathlib import Path

from mmtool.errors import InputError
from mmtool.formats.atomic import write_text
from mmtool.formats.csv_rows import finite_seconds, read_utf8
from mmtool.records import Annotation

REMEDY = "write one annotation per line as `start<TAB>end<TAB>text`, with times in seconds"


def read_annotations(path: Path) -> list[Annotation]:
    """Read the annotations of one video.

    Raises:
        InputError: The file is missing or empty, or a line is malformed or has an empty interval.
    """
    annotations: list[Annotation] = []
    for number, line in enumerate(read_utf8(path, REMEDY).splitlines(), start=1):
        if not line.strip():
            continue
        cells = line.split("\t", maxsplit=2)
        try:
            start, end = finite_seconds(cells[0]), finite_seconds(cells[1])
            text = cells[2].strip()
        except (ValueError, IndexError):
            raise InputError(path, f"line {number} does not consist of start, end and text", REMEDY) from None
        if start < 0 or end <= start:
            raise InputError(
                path, f"line {number}: the interval {start:g}–{end:g} s has no length", "correct it"
            )
        annotations.append(Annotation(start, end, text))
    if not annotations:
        raise InputError(path, "contains no annotations", REMEDY)
    return annotations


def write_annotations(path: Path, annotations: Sequence[Annotation]) -> None:
    """Write the annotations of one video."""
    write_text(path, annotations_text(annotations))


def annotations_text(annotations: Sequence[Annotation]) -> str:
    """What a file with these annotations contains."""
    return "".join(f"{a.start}\t{a.end}\t{' '.join(a.text.split())}\n" for a in annotations)
