"""The timecode at which a film starts, as cameras and editing programs write it."""

from pathlib import Path

from mmtool.timecode import TIMECODE
from mmtool.video.timeline import FrameTimesUnknownError, open_video

KEY = "timecode"  # in any case: MOV, MP4 (a `tmcd` track), MXF, Matroska, AVI


def start_timecode(path: Path) -> str | None:
    """The timecode of the first picture, such as ``01:00:00:00``; None if the film has none.

    That of the video stream precedes that of the container and of other streams. Raises InputError if the
    file is not a video.
    """
    try:
        with open_video(path) as (container, stream):
            tags = [stream.metadata, container.metadata, *(other.metadata for other in container.streams)]
    except FrameTimesUnknownError:
        return None
    for tag in tags:
        for key, value in tag.items():
            text = value.strip()
            if key.lower() == KEY and TIMECODE.fullmatch(text):
                return text
    return None
