"""Alignments as an editor's timeline, by OpenTimelineIO: OTIO, Final Cut Pro 7 XML.

One video track runs like the film: a clip for each passage, named after its text, and a gap where nothing
matches. Where passages overlap, the earlier one takes precedence. The film and the timeline count from the
film's own timecode, if it has one.
"""

from functools import partial
from pathlib import Path
from typing import Any

from mmtool.exports.contract import AlignedFilm, ExportFormat
from mmtool.exports.shots import SMPTE_RATES, Shot, Shots, shots_of
from mmtool.extras import import_extra

OTIO_ADAPTER = "otio_json"


def write_timeline(path: Path, film: AlignedFilm, *, adapter: str) -> None:
    """Write a timeline at the film's frame rate.

    XML supports the frame rates of SMPTE only; a film at another rate gets 25 frames per second.
    """
    otio: Any = import_extra("opentimelineio")
    found = shots_of(film, () if adapter == OTIO_ADAPTER else SMPTE_RATES)
    track = otio.schema.Track(name="snippets", kind=otio.schema.TrackKind.Video)
    position = 0
    for shot in found.shots:
        if shot.start > position:
            track.append(otio.schema.Gap(source_range=_range(otio, 0, shot.start - position, found)))
        track.append(_clip(otio, shot, found, _media(otio, film.video, found)))
        position = shot.end
    track.append(otio.schema.Gap(source_range=_range(otio, 0, found.length - position, found)))
    timeline = otio.schema.Timeline(name=film.alignment.id, metadata=_timecode_format(found))
    if film.verdict:
        timeline.metadata["mmtool"] = {"verdict": film.verdict}
    timeline.tracks.append(track)
    timeline.global_start_time = otio.opentime.RationalTime(found.first, float(found.rate))
    written: str = otio.adapters.write_to_string(timeline, adapter_name=adapter)
    path.write_text(written, encoding="utf-8", newline="")


def _range(otio: Any, start: int, length: int, found: Shots) -> Any:
    rate = float(found.rate)
    return otio.opentime.TimeRange(
        otio.opentime.RationalTime(start, rate), otio.opentime.RationalTime(length, rate)
    )


def _timecode_format(found: Shots) -> dict[str, object]:
    """What the adapter of Final Cut Pro 7 looks at for drop-frame timecode."""
    return {"fcp_xml": {"timecode": {"displayformat": "DF"}}} if found.drop else {}


def _media(otio: Any, video: Path | None, found: Shots) -> Any:
    whole, metadata = _range(otio, found.first, found.length, found), _timecode_format(found)
    if video is None:
        return otio.schema.MissingReference(available_range=whole, metadata=metadata)
    return otio.schema.ExternalReference(
        target_url=video.resolve().as_uri(), available_range=whole, metadata=metadata
    )


def _clip(otio: Any, shot: Shot, found: Shots, media: Any) -> Any:
    passage = shot.passage
    details = {
        "snippet": passage.snippet,
        "text": passage.text,
        "confidence": round(passage.confidence, 6),
        "placed": passage.placed,
    }
    return otio.schema.Clip(
        name=shot.name,
        media_reference=media,
        source_range=_range(otio, found.first + shot.start, shot.end - shot.start, found),
        metadata={"mmtool": details, "cmx_3600": {"reel": "FILM"}},
    )


OTIO = ExportFormat(
    help="An OpenTimelineIO timeline.",
    suffix=".otio",
    write=partial(write_timeline, adapter=OTIO_ADAPTER),
    modules=("opentimelineio",),
)
FCP7 = ExportFormat(
    help="A timeline for Final Cut Pro 7 (XML), which Premiere reads.",
    suffix=".xml",
    write=partial(write_timeline, adapter="fcp_xml"),
    modules=("opentimelineio", "otio_fcp_adapter"),
)
