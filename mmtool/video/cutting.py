"""Pieces of a film as films of their own, by ffmpeg."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from mmtool.errors import InputError
from mmtool.extras import import_extra
from mmtool.records import Interval
from mmtool.video.probe import probe

COPIED = ("-c", "copy", "-avoid_negative_ts", "make_zero")
ENCODED = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", "-c:a", "aac")
EVEN = ("-vf", "crop=trunc(iw/2)*2:trunc(ih/2)*2")  # H.264 with 4:2:0 knows no odd sizes


def find_ffmpeg() -> str:
    """The machine's ffmpeg, else that of the extra; raises CallError where there is neither."""
    if found := shutil.which("ffmpeg"):
        return found
    package: Any = import_extra("imageio_ffmpeg")
    return str(package.get_ffmpeg_exe())


def cut(path: Path, interval: Interval, output: Path, *, encode: bool, ffmpeg: str) -> None:
    """Write the piece of ``path`` within ``interval`` to ``output``.

    Encoded anew it is exact to the frame, and one frame at least; copied it starts at the key frame
    before. Raises InputError where the film has ended before, or cannot be cut.
    """
    info = probe(path)
    if info.duration is not None and interval.start >= info.duration:
        raise InputError(
            path,
            f"ends at {info.duration:.2f} s, before the clip at {interval.start:.2f} s",
            "check that the clips belong to this video and that it is complete",
        )
    length = max(interval.end - interval.start, 1 / info.frame_rate)
    asked = [
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
    asked += ["-t", f"{length:.6f}", "-abort_on", "empty_output", "-map", "0:v:0", "-map", "0:a:0?"]
    asked += [*EVEN, *ENCODED] if encode else COPIED
    done = subprocess.run([*asked, str(output)], capture_output=True, check=False)
    if done.returncode or not output.exists() or not output.stat().st_size:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise InputError(
            path,
            f"cannot be cut at {interval.start:.2f} s ({reason[-1] if reason else 'ffmpeg wrote nothing'})",
            "try the other --cut, re-encode the film, or make room for temporary files",
        )
