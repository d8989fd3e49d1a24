"""Where the data in the file of a film end, whatever its header says."""

from contextlib import suppress
from pathlib import Path

import av

from mmtool.video.containers import film_errors, open_video
from mmtool.video.timeline import film_start


def data_end(path: Path) -> float:
    """Return the end of the last packet of any stream, in seconds from the start of the film.

    Reads the whole file without decoding it. A truncated file ends early, with or without an error.
    """
    with film_errors(path), open_video(path) as (container, stream):
        start = float(film_start(container, stream) * (stream.time_base or 0))
        last = start
        with suppress(av.FFmpegError):
            for packet in container.demux():
                due = packet.dts if packet.pts is None else packet.pts
                if due is not None and packet.time_base is not None:
                    last = max(last, float((due + (packet.duration or 0)) * packet.time_base))
        return last - start
