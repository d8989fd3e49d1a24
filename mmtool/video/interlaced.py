"""Interlaced films, which OpenCV's packages since 4.13 decode to useless pictures."""

from contextlib import suppress
from pathlib import Path

import av

from mmtool.video.containers import FrameTimesUnknownError, open_video
from mmtool.video.timeline import decode_all

SAMPLE_EVERY = 60  # seconds; broadcasts change between interlaced and progressive pictures
MOST_SAMPLES = 300  # fewer a minute in what lasts longer, or claims to


def is_interlaced(path: Path) -> bool:
    """Tell from the first picture and one in every minute, because headers do not always say so.

    A film that claims more than five hours is sampled at 300 places.

    Pictures that cannot be decoded are ignored. Raises InputError if there is no video.
    """
    with suppress(FrameTimesUnknownError), open_video(path) as (container, stream):
        stream.thread_type = "NONE"  # threads would decode pictures that are not needed
        seconds = (container.duration or 0) // av.time_base
        for time in range(0, seconds + 1, max(SAMPLE_EVERY, seconds // MOST_SAMPLES)):
            if time:
                container.seek(time * av.time_base + (container.start_time or 0))
            if (frame := next(decode_all(container, stream), None)) and frame.interlaced_frame:
                return True
    return False
