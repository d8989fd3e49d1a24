"""``stats/<id>.csv``: frame,time,score; the score that a shot detector gave to each frame."""

from collections.abc import Sequence
from pathlib import Path

from mmtool.errors import InputError
from mmtool.formats.csv_rows import finite_seconds, read_rows, write_rows

COLUMNS = ("frame", "time", "score")
REMEDY = "recreate it with `mmtool segment --stats --force`"


def write_frame_scores(path: Path, first: int, times: Sequence[float], scores: Sequence[float]) -> None:
    """Write the times (seconds from the start) and scores of frames ``first``, ``first`` + 1, …"""
    rows = zip(range(first, first + len(times)), times, scores, strict=True)
    write_rows(path, COLUMNS, ((k, round(float(t), 6), float(s)) for k, t, s in rows))


def read_frame_scores(path: Path) -> tuple[int, list[float], list[float]]:
    """Read the index of the first frame, and the times and scores of all frames.

    Raises:
        InputError: The file is missing, empty or malformed, or skips a frame.
    """
    first = 0
    times: list[float] = []
    scores: list[float] = []
    for line, row in read_rows(path, COLUMNS, REMEDY):
        try:
            frame, time, score = int(row["frame"]), finite_seconds(row["time"]), finite_seconds(row["score"])
        except ValueError:
            raise InputError(path, f"line {line} has a value that is not a number", REMEDY) from None
        if times and frame != first + len(times):
            raise InputError(
                path, f"line {line}: frame {frame} does not follow the one on the line above", REMEDY
            )
        first = first if times else frame
        times.append(time)
        scores.append(score)
    if not times:
        raise InputError(path, "contains no frames", REMEDY)
    return first, times, scores
