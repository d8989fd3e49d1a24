"""Alignments as an editor's timeline, by OpenTimelineIO: OTIO, EDL (CMX 3600), Final Cut Pro 7 XML.

One video track runs like the film: a clip for each passage, named after its text, and a gap where nothing
matches. Where passages overlap, the earlier one takes precedence. A record time is the time in the film.
"""

from functools import partial
from pathlib import Path
from typing import Any

from mmtool.exports.contract import AlignedFilm, ExportFormat
from mmtool.exports.passages import Passage
from mmtool.extras import import_extra
from mmtool.formats.atomic import replacing

OTIO_ADAPTER = "otio_json"
SAME_RATE = 0.01  # frames per second; 23.976 and 24 are two rates
FALLBACK_RATE = 25.0  # frames per second
NAME_LENGTH = 60  # characters of a clip's name, which editors show on one line


def write_timeline(path: Path, film: AlignedFilm, *, adapter: str) -> None:
    """Write a timeline at the film's frame rate.

    EDL and XML support the frame rates of SMPTE only; a film at another rate gets 25 frames per second.
    """
    otio: Any = import_extra("opentimelineio")
    rate = film.frame_rate()
    if adapter != OTIO_ADAPTER:
        nearest = otio.opentime.RationalTime.nearest_smpte_timecode_rate(rate)
        rate = nearest if abs(nearest - rate) < SAME_RATE else FALLBACK_RATE
    track = otio.schema.Track(name="snippets", kind=otio.schema.TrackKind.Video)
    length = max((clip.end for clip in film.alignment.clips), default=0.0)
    position = 0
    for passage in film.passages:
        start, end = (round(seconds * rate) for seconds in passage.interval)
        if start > position:
            track.append(otio.schema.Gap(source_range=_range(otio, position, start, rate)))
        start = max(start, position)
        if end > start:
            whole = _range(otio, 0, round(length * rate), rate)
            media = _media(otio, film.video, whole)
            track.append(_clip(otio, passage, _range(otio, start, end, rate), media))
            position = end
    rest = _range(otio, position, max(position, round(length * rate)), rate)
    track.append(otio.schema.Gap(source_range=rest))
    timeline = otio.schema.Timeline(name=film.alignment.id)
    timeline.tracks.append(track)
    timeline.global_start_time = otio.opentime.RationalTime(0, rate)
    with replacing(path) as part:
        otio.adapters.write_to_file(timeline, str(part), adapter_name=adapter)


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
    details = {"snippet": passage.snippet, "text": passage.text, "confidence": round(passage.confidence, 6)}
    return otio.schema.Clip(
        name=name,
        media_reference=media,
        source_range=source,
        metadata={"mmtool": details, "cmx_3600": {"reel": "FILM"}},
    )


OTIO = ExportFormat(
    help="An OpenTimelineIO timeline.",
    suffix=".otio",
    write=partial(write_timeline, adapter=OTIO_ADAPTER),
    modules=("opentimelineio",),
)
EDL = ExportFormat(
    help="An edit decision list (CMX 3600).",
    suffix=".edl",
    write=partial(write_timeline, adapter="cmx_3600"),
    modules=("opentimelineio", "otio_cmx3600_adapter"),
)
FCPXML = ExportFormat(
    help="A timeline for Final Cut Pro 7 (XML).",
    suffix=".xml",
    write=partial(write_timeline, adapter="fcp_xml"),
    modules=("opentimelineio", "otio_fcp_adapter"),
)
