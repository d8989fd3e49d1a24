"""Films with subtitles inside."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

Cue = tuple[float, float, str]


def write_subtitled_film(path: Path, tracks: Sequence[tuple[str, Sequence[Cue]]], seconds: int = 10) -> Path:
    """A Matroska film of two pictures, with a track of SubRip cues for each language of ``tracks``."""
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("mpeg4", rate=5)
        pictures.width, pictures.height = 64, 48
        streams = []
        for language, _ in tracks:
            stream = container.add_stream("subrip")
            stream.metadata["language"] = language
            stream.codec_context.subtitle_header = HEADER
            streams.append(stream)
        for number in range(seconds * 5):
            level = 40 if number < seconds * 5 // 2 else 200
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 5)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        for stream, (_, cues) in zip(streams, tracks, strict=True):
            for start, end, text in cues:
                packet = av.Packet(text.encode())
                packet.stream, packet.time_base = stream, Fraction(1, 1000)
                packet.pts = packet.dts = round(start * 1000)
                packet.duration = round((end - start) * 1000)
                container.mux(packet)
    return path


HEADER = b"[Script Info]\n"
