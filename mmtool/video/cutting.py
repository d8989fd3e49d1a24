"""Cutting pieces out of a film with ffmpeg."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from mmtool.errors import InputError
from mmtool.extras import import_extra
from mmtool.records import Interval
from mmtool.video.probe import probe

COPY = ("-c", "copy", "-avoid_negative_ts", "make_zero")
ENCODE = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", "-c:a", "aac")
EVEN_SIZE = ("-vf", "crop=trunc(iw/2)*2:trunc(ih/2)*2")  # which H.264 with 4:2:0 needs


def find_ffmpeg() -> str:
    """The ffmpeg of the machine, otherwise that of the extra; raises CallError if there is neither."""
    if found := shutil.which("ffmpeg"):
        return found
    package: Any = import_extra("imageio_ffmpeg")
    return str(package.get_ffmpeg_exe())


def cut(path: Path, interval: Interval, output: Path, *, encode: bool, ffmpeg: str) -> None:
    """Write the piece of ``path`` within ``interval`` (seconds) to ``output``.

    If it is encoded again, it is exact to the frame and has at least one; if it is copied, it starts at
    the key frame before. Raises InputError if the film ends before, or cannot be cut.
    """
    info = probe(path)
    if info.duration is not None and interval.start >= info.duration:
        raise InputError(
            path,
            f"ends at {info.duration:.2f} s, before the clip at {interval.start:.2f} s",
            "check that the clips belong to this video and that it is complete",
        )
    length = max(interval.end - interval.start, 1 / info.frame_rate)
    command = [
        ffmpeg,
        "-nostdin",
        "-v",
        "error",
        "-y",
        "-ss",
        f"{interval.start:.6f}",
        "-i",
        str(path.absolute()),
    ]
    command += ["-t", f"{length:.6f}", "-abort_on", "empty_output", "-map", "0:v:0", "-map", "0:a:0?"]
    command += [*EVEN_SIZE, *ENCODE] if encode else COPY
    done = subprocess.run([*command, str(output)], capture_output=True, check=False)
    if done.returncode or not output.exists() or not output.stat().st_size:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(
            path,
            f"cannot be cut at {interval.start:.2f} s ({reason[-1] if reason else 'ffmpeg wrote nothing'})",
            "try the other `cut`, re-encode the film, or free some disk space",
        )
