"""What editing programs want to know of a film's file: above all, the timecode at which it starts."""

from collections.abc import Mapping
from pathlib import Path

from mmtool.records import Media
from mmtool.timecode import TIMECODE
from mmtool.video.causes import no_video
from mmtool.video.containers import FrameTimesUnknownError, open_video

KEY = "timecode"  # in any case; FFmpeg reads it from `tmcd` tracks, MXF, Matroska, AVI and others


def read_media(path: Path) -> Media:
    """Read the header of a film; raises InputError if it has no video.

    A timecode of the video stream precedes that of the container and those of other streams.
    """
    try:
        with open_video(path) as (container, stream):
            sound = container.streams.audio[0].codec_context if container.streams.audio else None
            tags = [stream.metadata, container.metadata, *(other.metadata for other in container.streams)]
            return Media(
                start=next(filter(None, map(_timecode, tags)), None),
                duration=None if container.duration is None else container.duration / 1e6,
                width=stream.codec_context.width,
                height=stream.codec_context.height,
                channels=0 if sound is None else sound.channels,
                sample_rate=0 if sound is None else sound.sample_rate,
            )
    except FrameTimesUnknownError as error:
        raise no_video(path) from error


def _timecode(tags: Mapping[str, str]) -> str | None:
    values = (value.strip() for key, value in tags.items() if key.lower() == KEY)
    return next((value for value in values if TIMECODE.fullmatch(value)), None)
