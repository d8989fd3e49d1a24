"""Cutting pieces out of a film, each of which is checked."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

import av

from mmtool.errors import InputError
from mmtool.extras import import_extra
from mmtool.records import Clip, Interval
from mmtool.video.clip_check import WantedClip, find_fault
from mmtool.video.containers import FrameTimesUnknownError, film_errors, open_video
from mmtool.video.film_header import read_header
from mmtool.video.frames import decode_timeline, read_frames, timeline_of
from mmtool.video.pixels import Pixels
from mmtool.video.probe import probe
from mmtool.video.remux import copy_from_key
from mmtool.video.timeline import MOST_REORDERED, Timeline

COPY = ("-c", "copy", "-avoid_negative_ts", "make_zero")
ENCODE = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", "-c:a", "aac")
EVEN_SIZE = ("-vf", "crop=trunc(iw/2)*2:trunc(ih/2)*2")  # which H.264 with 4:2:0 needs
LEFT_OVER = 1.0  # seconds that are copied beyond the end of a clip before it is encoded
MARGIN = 5e-4  # seconds; timestamps that are rounded on the way are not cut off
ROUNDING = 1  # pictures at the end of a clip


def find_ffmpeg() -> str:
    """The ffmpeg of the machine, otherwise that of the extra; raises CallError if there is neither."""
    if found := shutil.which("ffmpeg"):
        return found
    package: Any = import_extra("imageio_ffmpeg")
    return str(package.get_ffmpeg_exe())


class _Tracks(NamedTuple):
    demuxer: str
    pictures: int  # index among all streams
    sound: int | None

    @property
    def maps(self) -> tuple[str, ...]:
        """The arguments of ffmpeg that choose these tracks."""
        sound = () if self.sound is None else ("-map", f"0:{self.sound}")
        return ("-map", f"0:{self.pictures}", *sound)


class _Piece(NamedTuple):
    """What to cut, in seconds of the film, and the frames of it; None if the film does not tell them."""

    start: float
    length: float
    frames: tuple[int, int] | None


_Way = tuple[Callable[[Path], str], WantedClip]
"""Writes a clip and returns what went wrong, and what the clip should have."""


class FilmCutter:
    """Cuts any number of pieces out of one film, about which it finds out once.

    ``clips`` are those found in the film; see :func:`mmtool.video.frames.timeline_of`.
    """

    def __init__(self, path: Path, clips: Sequence[Clip] = ()) -> None:
        self.path = path
        self._clips = clips
        with film_errors(path):
            self._info = probe(path)
            self._indexed = read_header(path).indexed
            with open_video(path) as (container, stream):
                sound = next((track.index for track in container.streams.audio), None)
                demuxer = container.format.name.split(",")[0]
                self._tracks = _Tracks(demuxer, stream.index, sound)

    def cut(self, interval: Interval, output: Path, *, encode: bool, ffmpeg: str) -> None:
        """Write the piece within ``interval`` (seconds) to ``output``.

        If it is encoded again, it is exact to the frame and has at least one; if it is copied, it starts
        at the key frame before. What was written is checked; if it is wrong, a slower way is tried.

        Raises InputError if the film ends before, or cannot be cut.
        """
        fault = ""
        with film_errors(self.path):
            piece = self._piece(interval)
            ways = self._ways_to_encode(piece, ffmpeg) if encode else self._ways_to_copy(piece, ffmpeg)
            for way, wanted in ways:
                fault = way(output) or find_fault(output, wanted)
                if not fault:
                    return
        raise InputError(
            self.path,
            f"cannot be cut at {interval.start:.2f} s ({fault})",
            "try the other `cut`, re-encode the film, or free some disk space",
        )

    @cached_property
    def _timeline(self) -> Timeline | None:
        """When each frame is shown; None if not even decoding everything tells."""
        try:
            return timeline_of(self.path, self._clips) or decode_timeline(self.path)
        except InputError:
            return None

    def _piece(self, interval: Interval) -> _Piece:
        """Raise InputError if the film ends before."""
        frame, timeline, end = 1 / self._info.frame_rate, self._timeline, self._info.duration
        if timeline is not None:
            end = timeline.seconds(-1) + frame
        if end is not None and interval.start >= end:
            raise InputError(
                self.path,
                f"ends at {end:.2f} s, before the clip at {interval.start:.2f} s",
                "check that the clips belong to this video and that it is complete",
            )
        start, length = interval.start, max(interval.end - interval.start, frame)
        if timeline is None:
            return _Piece(start, length, None)
        first, last = timeline.count_before(start), timeline.count_before(start + length)
        if first >= last:  # no frame begins within: the one on the screen
            first = timeline.shown_at(start)
            last = first + 1
            start = timeline.seconds(first)
        return _Piece(start, length, (first, last))

    def _ways_to_encode(self, piece: _Piece, ffmpeg: str) -> Iterator[_Way]:
        """From the fastest to the slowest way; only the first relies on finding a time in the file."""
        start, timeline = piece.start, self._timeline
        wanted = self._wanted(piece, first=None if piece.frames is None else piece.frames[0], encode=True)
        length = ("-t", f"{piece.length:.6f}")
        if self._indexed:
            arguments = ("-ss", f"{start:.6f}", *self._input(), *length)
            yield partial(_run, ffmpeg, (*arguments, *self._tracks.maps, *EVEN_SIZE, *ENCODE)), wanted
        key = -1 if timeline is None or piece.frames is None else timeline.key_of(piece.frames[0])
        if timeline is not None and key >= 0:
            after_key = start - timeline.seconds_of(timeline.keys[key].pts)

            def encode_copy(output: Path) -> str:
                with tempfile.TemporaryDirectory() as folder:
                    copy = Path(folder) / "piece.nut"
                    end = start + piece.length + LEFT_OVER
                    if fault := self._copy(copy, key=key, end=end, format="nut"):
                        return fault
                    after = max(0.0, _first_picture(copy) + after_key - MARGIN)
                    source = ("-f", "nut", "-i", str(copy), "-ss", f"{after:.6f}", *length)
                    maps = ("-map", "0:v:0", "-map", "0:a:0?")
                    return _run(ffmpeg, (*source, *maps, *EVEN_SIZE, *ENCODE), output)

            yield encode_copy, wanted
        arguments = (*self._input(), "-ss", f"{start:.6f}", *length)
        # A damaged film may lack pictures for FFmpeg that PyAV still decodes; no way gives more of them.
        damaged = replace(wanted, fewest=max(1, wanted.fewest // 2))
        yield partial(_run, ffmpeg, (*arguments, *self._tracks.maps, *EVEN_SIZE, *ENCODE)), damaged

    def _ways_to_copy(self, piece: _Piece, ffmpeg: str) -> Iterator[_Way]:
        """From the packet of the key frame; by FFmpeg where the packets do not tell where that is."""
        timeline = self._timeline
        key = -1 if timeline is None or piece.frames is None else timeline.key_of(piece.frames[0])
        first = None if timeline is None or key < 0 else timeline.first_from(timeline.keys[key].pts)
        wanted = self._wanted(piece, first=first, encode=False)
        if key >= 0:
            end = piece.start + piece.length
            yield lambda output: self._copy(output, key=key, end=end, format="mp4"), wanted
        arguments = ("-ss", f"{piece.start:.6f}", *self._input(), "-t", f"{piece.length:.6f}")
        yield partial(_run, ffmpeg, (*arguments, *self._tracks.maps, *COPY)), wanted

    def _copy(self, output: Path, *, key: int, end: float, format: str) -> str:
        """Copy packets, and return what is wrong with them; empty if nothing is."""
        if self._timeline is None:
            raise ValueError("packets are copied by their timestamps")
        try:
            copy_from_key(self.path, output, self._timeline, key=key, end=end, format=format)
        except FrameTimesUnknownError as error:
            return str(error.__cause__ or "its packets cannot be copied")
        return ""

    def _wanted(self, piece: _Piece, *, first: int | None, encode: bool) -> WantedClip:
        timeline, sound = self._timeline, self._tracks.sound is not None
        if timeline is None or piece.frames is None or first is None:
            return WantedClip(sound=sound, fewest=1, most=None, first=None, tolerance=0.0, pictures=())
        count = piece.frames[1] - first
        shown = timeline.seconds(first)
        after = timeline.seconds(first + 1) - shown if first + 1 < len(timeline.pts) else inf
        return WantedClip(
            sound=sound,
            fewest=max(1, count - ROUNDING),
            most=count + (ROUNDING if encode else MOST_REORDERED),
            first=max(0.0, shown - piece.start) if encode else None,  # copies start with their delay
            tolerance=min(after, 1 / self._info.frame_rate) / 2,
            pictures=self._pictures(first),
        )

    def _pictures(self, index: int) -> tuple[Pixels, ...]:
        """A frame of the film, then those before and after it; nothing if one of them is damaged."""
        count = len(self._timeline.pts) if self._timeline is not None else index + 1
        around = range(max(0, index - 1), min(count, index + 2))
        try:
            frames = [frame.pixels for frame in read_frames(self.path, around, self._timeline)]
        except InputError:
            return ()
        return (frames.pop(index - around.start), *frames)

    def _input(self) -> tuple[str, ...]:
        """Read the film as what it is, so that no list of other files is followed."""
        return ("-protocol_whitelist", "file", "-f", self._tracks.demuxer, "-i", str(self.path.absolute()))


def _first_picture(copy: Path) -> float:
    """When the first picture of a file is shown, in seconds from where ffmpeg starts to count."""
    with open_video(copy) as (container, stream):
        start = (container.start_time or 0) / av.time_base
        first = next(packet.pts for packet in container.demux(stream) if packet.pts is not None)
        return float(first * (stream.time_base or 0)) - start


def _run(ffmpeg: str, arguments: Sequence[str], output: Path) -> str:
    """Run ffmpeg, and return what went wrong; empty if nothing did."""
    command = [ffmpeg, "-nostdin", "-v", "error", "-y", *arguments, "-abort_on", "empty_output", str(output)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode or not output.exists() or not output.stat().st_size:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        return re.sub(r"^\[[^]]*\] ", "", reason[0]) if reason else "ffmpeg wrote nothing"
    return ""
