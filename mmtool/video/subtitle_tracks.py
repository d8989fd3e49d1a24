"""Subtitles inside of a film: which tracks there are, and the cues of one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.subtitles.stream import SubtitleStream

from mmtool.errors import InputError
from mmtool.video.containers import film_errors, open_container

PICTURES = frozenset(
    {"dvd_subtitle", "dvb_subtitle", "hdmv_pgs_subtitle", "xsub"}
)  # codecs that hold no text
_MICROSECONDS = 1_000_000  # in which a container gives its start
_OVERRIDES = re.compile(r"\{[^{}]*\}")
_BREAKS = re.compile(r"\\[Nnh]")
_FIELDS_BEFORE_TEXT = 8  # of an event in Matroska's form of SubStation Alpha


@dataclass(frozen=True, slots=True)
class SubtitleTrack:
    """A track of subtitles.

    Attributes:
        number: From 1, among the tracks of subtitles.
        language: As the film says; empty if it does not.
        title: As the film says; empty if it does not.
        codec: FFmpeg's name of it.
    """

    number: int
    language: str
    title: str
    codec: str

    @property
    def is_text(self) -> bool:
        """Whether it holds text, not pictures of text."""
        return self.codec not in PICTURES

    @property
    def described(self) -> str:
        """Such as ``2 (ger, Forced)``."""
        details = [self.language, self.title, "" if self.is_text else "pictures"]
        said = ", ".join(filter(None, details))
        return f"{self.number} ({said})" if said else str(self.number)


@dataclass(frozen=True, slots=True)
class TrackCue:
    """A cue of a track; times are seconds from the start of the film."""

    start: float
    end: float
    text: str


def subtitle_tracks(path: Path) -> list[SubtitleTrack]:
    """The tracks of subtitles of a film; raises InputError for a file that is not a film."""
    with film_errors(path), open_container(path) as container:
        return [_track(number, stream) for number, stream in enumerate(container.streams.subtitles, start=1)]


def read_subtitle_track(path: Path, number: int) -> list[TrackCue]:
    """The cues of a track in the order of the film; raises InputError for a track that cannot be decoded."""
    with film_errors(path), open_container(path) as container:
        stream = container.streams.subtitles[number - 1]
        start = (container.start_time or 0) / _MICROSECONDS
        return list(_cues(path, container.demux(stream), start))


def _track(number: int, stream: SubtitleStream) -> SubtitleTrack:
    language = stream.metadata.get("language", "")
    codec = stream.codec_context.name if stream.codec_context is not None else "unknown"
    return SubtitleTrack(
        number, "" if language == "und" else language, stream.metadata.get("title", ""), codec
    )


def _cues(path: Path, packets: "Iterator[av.Packet[Any]]", start: float) -> Iterator[TrackCue]:
    for packet in packets:
        if packet.pts is None or packet.time_base is None:
            continue
        try:
            sets = packet.decode()
        except av.FFmpegError as error:
            raise InputError(
                path, "its subtitles cannot be decoded", "give a subtitle file instead"
            ) from error
        begin = float(packet.pts * packet.time_base) - start
        lasting = float((packet.duration or 0) * packet.time_base)
        for subtitle in sets:
            if text := _text(subtitle).strip():
                yield TrackCue(max(begin, 0.0), max(begin + lasting, 0.0), text)


def _text(subtitle: object) -> str:
    """The text of a subtitle, which FFmpeg gives as an event of SubStation Alpha; empty for a picture."""
    event = getattr(subtitle, "ass", b"")
    event = event.decode("utf-8", "replace") if isinstance(event, bytes) else str(event)
    text = event.split(",", _FIELDS_BEFORE_TEXT)[-1] if event.count(",") >= _FIELDS_BEFORE_TEXT else event
    return _BREAKS.sub(" ", _OVERRIDES.sub("", text)).replace("\r", "").replace("\n", " ")
