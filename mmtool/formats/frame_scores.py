"""``stats/<id>.csv``: frame,time,score; what a detector saw in each frame."""

from collections.abc import Sequence
from pathlib import Path

from mmtool.errors import InputError
from mmtool.formats.csv_rows import finite_seconds, read_rows, write_rows

COLUMNS = ("frame", "time", "score")
REMEDY = "make it again with `mmtool segment --stats --force`"


def write_frame_scores(path: Path, first: int, times: Sequence[float], scores: Sequence[float]) -> None:
    """Write the times (seconds from the film's start) and scores of frames ``first``, ``first`` + 1, …"""
    rows = zip(range(first, first + len(times)), times, scores, strict=True)
    write_rows(path, COLUMNS, ((k, round(float(t), 6), float(s)) for k, t, s in rows))


def read_frame_scores(path: Path) -> tuple[int, list[float], list[float]]:
    """Read the first frame's index, and the times and scores of all; ``InputError`` for another file."""
    first = 0
    times: list[float] = []
    scores: list[float] = []
    for line, row in read_rows(path, COLUMNS, REMEDY):
        try:
            frame, time, score = int(row["frame"]), finite_seconds(row["time"]), finite_seconds(row["score"])
        except ValueError:
            raise InputError(path, f"line {line} has a value that is no number", REMEDY) from None
        if times and frame != first + len(times):
            raise InputError(path, f"line {line}: frame {frame} does not follow the one above it", REMEDY)
        first = first if times else frame
        times.append(time)
        scores.append(score)
    if not times:
        raise InputError(path, "holds no frames", REMEDY)
    return first, times, scores
