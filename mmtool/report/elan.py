"""Alignments as annotations for ELAN, by pympi: a tier each for clips, snippets and confidence."""

import mimetypes
import os
from pathlib import Path
from typing import Any

from mmtool.extras import import_extra
from mmtool.formats.atomic import replacing
from mmtool.records import Alignment, Interval
from mmtool.report.passages import passages


def write_eaf(path: Path, alignment: Alignment, *, video: Path | None) -> None:
    """Write annotations to the millisecond; ``video`` is the film that ELAN plays with them."""
    elan: Any = import_extra("pympi.Elan")
    document = elan.Eaf(author="mmtool")
    document.remove_tier("default")
    for tier in ("snippets", "confidence", "clips"):
        document.add_tier(tier)
    if video is not None:
        kind = mimetypes.guess_type(video.name)[0] or "video/mp4"
        relative = os.path.relpath(video.resolve(), path.resolve().parent)
        document.add_linked_file(video.resolve().as_uri(), relpath=relative, mimetype=kind)
    for passage in passages(alignment):
        start, end = _milliseconds(passage.interval)
        document.add_annotation("snippets", start, end, passage.text)
        document.add_annotation("confidence", start, end, f"{passage.confidence:.2f}")
    for number, clip in enumerate(alignment.clips):
        document.add_annotation("clips", *_milliseconds(clip.interval), str(number))
    with replacing(path) as part:
        document.to_file(str(part))


def _milliseconds(interval: Interval) -> tuple[int, int]:
    start, end = (round(seconds * 1000) for seconds in interval)
    return start, max(end, start + 1)
