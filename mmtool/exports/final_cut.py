"""Alignments as FCPXML, the format of Final Cut Pro since version 10; DaVinci Resolve reads it, too."""

from fractions import Fraction
from pathlib import Path
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from mmtool.exports.contract import AlignedFilm, ExportFormat
from mmtool.exports.passages import one_line
from mmtool.exports.shots import Shots, shots_of
from mmtool.records import Media
from mmtool.timecode import can_drop

VERSION = "1.9"
FORMAT, ASSET = "r1", "r2"


def write_fcpxml(path: Path, film: AlignedFilm) -> None:
    """Write a project whose spine runs like the film: a clip for each passage, and gaps between.

    Times are fractions of seconds, whole frames. Sources count from the film's own timecode, and so does
    the sequence. A film that the corpus does not have is named by its id, to be relinked.
    """
    timeline, media = shots_of(film), film.media()
    name = one_line(film.alignment.id)
    root = Element("fcpxml", version=VERSION)
    resources = SubElement(root, "resources")
    format = SubElement(resources, "format", id=FORMAT, frameDuration=_time(1, timeline.rate))
    if media is not None:
        format.attrib |= {"width": str(media.width), "height": str(media.height)}
    _add_asset(resources, name, film.video, media, timeline)
    event = SubElement(SubElement(root, "library"), "event", name=name)
    sequence = SubElement(
        SubElement(event, "project", name=name),
        "sequence",
        format=FORMAT,
        duration=_time(timeline.length, timeline.rate),
        tcStart=_time(timeline.first, timeline.rate),
        tcFormat=_timecode_format(timeline),
    )
    if film.verdict:
        SubElement(sequence, "note").text = f"Verdict: {film.verdict}"
    _fill(SubElement(sequence, "spine"), timeline)
    indent(root)
    document = tostring(root, encoding="unicode")
    path.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{document}\n',
        encoding="utf-8",
        newline="",
    )


def _add_asset(
    resources: Element, name: str, video: Path | None, media: Media | None, timeline: Shots
) -> None:
    length = timeline.length
    if media is not None and media.duration is not None:
        length = max(length, int(Fraction(media.duration) * timeline.rate))
    asset = SubElement(
        resources,
        "asset",
        id=ASSET,
        name=name if video is None else one_line(video.stem),
        start=_time(timeline.first, timeline.rate),
        duration=_time(length, timeline.rate),
        hasVideo="1",
        format=FORMAT,
    )
    if media is not None and media.channels:
        channels, rate = str(media.channels), str(media.sample_rate)
        asset.attrib |= {"hasAudio": "1", "audioSources": "1", "audioChannels": channels, "audioRate": rate}
    source = quote(f"{name}.mp4") if video is None else video.resolve().as_uri()
    SubElement(asset, "media-rep", kind="original-media", src=source)


def _fill(spine: Element, timeline: Shots) -> None:
    position, first, rate = 0, timeline.first, timeline.rate
    for shot in timeline.shots:
        _add_gap(spine, position, shot.start, timeline)
        clip = SubElement(
            spine,
            "asset-clip",
            ref=ASSET,
            name=shot.name,
            offset=_time(first + shot.start, rate),
            start=_time(first + shot.start, rate),
            duration=_time(shot.end - shot.start, rate),
            tcFormat=_timecode_format(timeline),
        )
        SubElement(clip, "note").text = f"{shot.passage.text} (confidence {shot.passage.confidence:.2f})"
        position = shot.end
    _add_gap(spine, position, timeline.length, timeline)


def _add_gap(spine: Element, start: int, end: int, timeline: Shots) -> None:
    if end > start:
        offset, duration = _time(timeline.first + start, timeline.rate), _time(end - start, timeline.rate)
        SubElement(spine, "gap", name="Gap", offset=offset, start="0s", duration=duration)


def _timecode_format(timeline: Shots) -> str:
    return "DF" if timeline.drop and can_drop(float(timeline.rate)) else "NDF"


def _time(frames: int, rate: Fraction) -> str:
    """Whole frames as a fraction of seconds, such as ``1001/24000s``."""
    seconds = frames / rate
    if seconds.denominator == 1:
        return f"{seconds.numerator}s"
    return f"{frames * rate.denominator}/{rate.numerator}s"


FCPXML = ExportFormat(
    help="A project for Final Cut Pro 10 and later (FCPXML).", suffix=".fcpxml", write=write_fcpxml
)
