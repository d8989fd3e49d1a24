"""Alignments as annotations for ELAN, by pympi: a tier each for clips, snippets and confidence.

Annotations of one tier cannot overlap; those that do go to further tiers, ``snippets 2`` and so on.
"""

import mimetypes
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmtool.exports.passages import passages
from mmtool.extras import import_extra
from mmtool.formats.atomic import replacing
from mmtool.records import Alignment, Interval


def write_eaf(path: Path, alignment: Alignment, *, video: Path | None) -> None:
    """Write annotations to the millisecond; ``video`` is the film that ELAN plays with them."""
    elan: Any = import_extra("pympi.Elan")
    document = elan.Eaf(author="mmtool")
    document.remove_tier("default")
    if video is not None:
        kind = mimetypes.guess_type(video.name)[0] or "video/mp4"
        relative = os.path.relpath(video.resolve(), path.resolve().parent)
        document.add_linked_file(video.resolve().as_uri(), relpath=relative, mimetype=kind)
    told = passages(alignment)
    _annotate(document, "snippets", [(passage.interval, passage.text) for passage in told])
    _annotate(document, "confidence", [(passage.interval, f"{passage.confidence:.2f}") for passage in told])
    _annotate(document, "clips", [(clip.interval, str(k)) for k, clip in enumerate(alignment.clips)])
    with replacing(path) as part:
        document.to_file(str(part))


def _annotate(document: Any, name: str, rows: Sequence[tuple[Interval, str]]) -> None:
    """Write rows, in the order of time, to the first tier on which they are free of the row before."""
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
