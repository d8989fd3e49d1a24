"""Alignments as an editor's timeline, by OpenTimelineIO: OTIO, EDL (CMX 3600), Final Cut Pro 7 XML.

One video track runs like the film: a clip for each passage, named by its text, a gap for what
matches nothing; where passages overlap, the earlier one goes first. A record time is the time in the film.
"""

from pathlib import Path
from typing import Any

from mmtool.exports.passages import Passage, passages
from mmtool.extras import import_extra
from mmtool.formats.atomic import replacing
from mmtool.records import Alignment

ADAPTERS = {"otio": "otio_json", "edl": "cmx_3600", "fcpxml": "fcp_xml"}
PACKAGES = {"edl": "otio_cmx3600_adapter", "fcpxml": "otio_fcp_adapter"}
SUFFIXES = {"otio": ".otio", "edl": ".edl", "fcpxml": ".xml"}
SAME_RATE = 0.01  # frames a second; 23.976 and 24 are two rates
OTHER_RATE = 25.0
NAME_LENGTH = 60  # characters of a clip's name, which editors show on one line


def write_timeline(
    path: Path, alignment: Alignment, format: str, *, frame_rate: float, video: Path | None
) -> None:
    """Write a timeline at ``frame_rate``; ``video`` is the film that it refers to.

    EDL and XML know the frame rates of SMPTE alone; a film at another one gets 25 frames a second.
    """
    otio: Any = import_extra("opentimelineio")
    if format in PACKAGES:
        import_extra(PACKAGES[format])
    rate = frame_rate
    if format != "otio":
        nearest = otio.opentime.RationalTime.nearest_smpte_timecode_rate(frame_rate)
        rate = nearest if abs(nearest - frame_rate) < SAME_RATE else OTHER_RATE
    track = otio.schema.Track(name="snippets", kind=otio.schema.TrackKind.Video)
    length = max((clip.end for clip in alignment.clips), default=0.0)
    at = 0
    for passage in passages(alignment):
        start, end = (round(seconds * rate) for seconds in passage.interval)
        if start > at:
            track.append(otio.schema.Gap(source_range=_range(otio, at, start, rate)))
        start = max(start, at)
        if end > start:
            whole = _range(otio, 0, round(length * rate), rate)
            track.append(_clip(otio, passage, _range(otio, start, end, rate), _media(otio, video, whole)))
            at = end
    track.append(otio.schema.Gap(source_range=_range(otio, at, max(at, round(length * rate)), rate)))
    timeline = otio.schema.Timeline(name=alignment.id)
    timeline.tracks.append(track)
    timeline.global_start_time = otio.opentime.RationalTime(0, rate)
    with replacing(path) as part:
        otio.adapters.write_to_file(timeline, str(part), adapter_name=ADAPTERS[format])


def _range(otio: Any, start: int, end: int, rate: float) -> Any:
    time = otio.opentime.RationalTime
    return otio.opentime.TimeRange(time(start, rate), time(end - start, rate))


def _media(otio: Any, video: Path | None, whole: Any) -> Any:
    if video is None:
        return otio.schema.MissingReference(available_range=whole)
    return otio.schema.ExternalReference(target_url=video.resolve().as_uri(), available_range=whole)


def _clip(otio: Any, passage: Passage, source: Any, media: Any) -> Any:
    name = passage.text
    if len(name) > NAME_LENGTH:
        name = name[: NAME_LENGTH - 1].rstrip() + "…"
    about = {"snippet": passage.snippet, "text": passage.text, "confidence": round(passage.confidence, 6)}
    return otio.schema.Clip(
        name=name,
        media_reference=media,
        source_range=source,
        metadata={"mmtool": about, "cmx_3600": {"reel": "FILM"}},
    )
