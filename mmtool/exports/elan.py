"""Alignments as annotations for ELAN, by pympi: one tier each for clips, snippets and confidence.

Annotations on one tier cannot overlap; those that do go to further tiers, ``snippets 2`` and so on.
"""

import mimetypes
import os
from collections.abc import Sequence
from contextlib import suppress
from errno import EIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from mmtool.exports.contract import AlignedFilm, ExportFormat
from mmtool.extras import import_extra
from mmtool.records import Interval


def write_eaf(path: Path, film: AlignedFilm) -> None:
    """Write annotations to the millisecond, with a link to the film that ELAN plays with them."""
    elan: Any = import_extra("pympi.Elan")
    document = elan.Eaf(author="mmtool")
    document.remove_tier("default")
    if film.video is not None:
        media_type = mimetypes.guess_type(film.video.name)[0] or "video/mp4"
        video = film.video.resolve()
        relative = _relative(video, path.resolve().parent)
        document.add_linked_file(video.as_uri(), relpath=relative, mimetype=media_type)
    passages, clips = film.passages, film.alignment.clips
    _annotate(document, "snippets", [(passage.interval, passage.text) for passage in passages])
    _annotate(
        document, "confidence", [(passage.interval, f"{passage.confidence:.2f}") for passage in passages]
    )
    _annotate(document, "clips", [(clip.interval, str(number)) for number, clip in enumerate(clips)])
    if film.verdict:
        document.add_property("mmtool:verdict", film.verdict)
    document.to_file(str(path))
    try:
        ElementTree.parse(path)  # noqa: S314 — written a line above: is it whole?
    except ElementTree.ParseError as error:
        raise OSError(EIO, "the file is not whole") from error


def _relative(video: Path, folder: Path) -> str | None:
    """The path of the film from ``folder``; None if it is on another drive of Windows."""
    with suppress(ValueError):
        return Path(os.path.relpath(video, folder)).as_posix()
    return None


def _annotate(document: Any, name: str, rows: Sequence[tuple[Interval, str]]) -> None:
    """Write rows in the order of time, each to the first tier on which it overlaps no earlier row."""
    document.add_tier(name)
    ends = [0]  # of the last annotation of each tier
    for interval, text in rows:
        start, end = _milliseconds(interval)
        tier = next((number for number, last in enumerate(ends) if last <= start), len(ends))
        if tier == len(ends):
            document.add_tier(f"{name} {tier + 1}")
            ends.append(0)
        document.add_annotation(f"{name} {tier + 1}" if tier else name, start, end, text)
        ends[tier] = end


def _milliseconds(interval: Interval) -> tuple[int, int]:
    start, end = (round(seconds * 1000) for seconds in interval)
    return start, max(end, start + 1)


EAF = ExportFormat(
    help="Annotations for ELAN: tiers for snippets, confidence and clips.",
    suffix=".eaf",
    write=write_eaf,
    modules=("pympi.Elan",),
)
