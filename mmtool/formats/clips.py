"""``clips/<id>.csv``: clip,start,end,start_frame,end_frame."""

from collections.abc import Sequence
from pathlib import Path

from mmtool.errors import InputError
from mmtool.formats.csv_rows import finite_seconds, read_rows, write_rows
from mmtool.records import Clip

COLUMNS = ("clip", "start", "end", "start_frame", "end_frame")
REMEDY = "run `mmtool segment`, or write it by hand with the columns " + ",".join(COLUMNS)


def read_clips(path: Path) -> list[Clip]:
    """Read the clips of one video, in order of time.

    Raises:
        InputError: The file is missing or empty, or a line is malformed, has an empty clip, or has a clip
            that starts before the one on the line above.
    """
    clips: list[Clip] = []
    for line, row in read_rows(path, COLUMNS, REMEDY):
        try:
            start, end = finite_seconds(row["start"]), finite_seconds(row["end"])
            frames = [int(row[name]) if row[name] else None for name in ("start_frame", "end_frame")]
        except ValueError:
            raise InputError(path, f"line {line} has a time or frame that is not a number", REMEDY) from None
        if start < 0 or end <= start:
            raise InputError(path, f"line {line}: the clip {start:g}–{end:g} s has no length", "correct it")
        first, last = frames
        if first is not None and last is not None and not 0 <= first < last:
            raise InputError(
                path, f"line {line}: the clip has no frames from {first} to {last}", "correct it"
            )
        if clips and start < clips[-1].start:
            raise InputError(
                path, f"line {line}: the clip starts before the one on the line above", "sort the lines"
            )
        clips.append(Clip(start, end, first, last))
    if not clips:
        raise InputError(path, "contains no clips", REMEDY)
    return clips


def write_clips(path: Path, clips: Sequence[Clip]) -> None:
    """Write the clips of one video."""
    write_rows(
        path,
        COLUMNS,
        ((i, clip.start, clip.end, clip.start_frame, clip.end_frame) for i, clip in enumerate(clips)),
    )
