"""Thousands of short films through segment, align and report: are memory, handles and time per film flat?

    python tests/benchmarks/soak.py --films 2000 [--workers 2]

A few films are drawn once and linked under many names. Each command is a process of its own, whose memory
(resident, its children included), open handles and finished films are sampled. Slopes are least squares
over the second half of the films, when everything is loaded; times are of the processor, but for the first
column, so that other programs do not count. Needs Linux. Exit code 1: a slope is not flat.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

from support.films import scenes, write_film

DRAWN = 5  # films that differ
TEXT = "A short line.\nA line that is somewhat longer, with a pause.\nThe end.\n"
TICK = 0.1  # seconds between samples
FLAT_MEMORY, FLAT_HANDLES, FLAT_TIME = 2.5, 1.0, 1.5  # MiB and handles a 1,000 films; last to first quarter
ENOUGH = 20  # samples in a half; a command with fewer is too quick to judge
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Samples:
    """What was seen of a command: a row a sample, films done, processor seconds, MiB, handles."""

    rows: list[tuple[int, float, float, int]] = field(default_factory=list)
    seconds: float = 0.0

    def slope(self, column: int) -> float:
        """Change of a column a 1,000 films, over the second half of them; nan where too little was seen."""
        total = max(row[0] for row in self.rows)
        late = [row for row in self.rows if total / 2 <= row[0] < total]
        if len(late) < ENOUGH or late[0][0] == late[-1][0]:
            return float("nan")
        return 1000 * float(np.polyfit([row[0] for row in late], [row[column] for row in late], 1)[0])

    def each(self, first: float, last: float) -> float:
        """Milliseconds of the processor for a film, between two shares of the films."""
        total = max(row[0] for row in self.rows)
        inside = [row for row in self.rows if first * total <= row[0] <= last * total and 0 < row[0] < total]
        if len(inside) < 2 or inside[0][0] == inside[-1][0]:
            return float("nan")
        return 1000 * (inside[-1][1] - inside[0][1]) / (inside[-1][0] - inside[0][0])


def family(pid: int) -> list[int]:
    """A process and all below it."""
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        for task in Path(f"/proc/{found[-1]}/task").glob("*/children"):
            try:
                waiting += map(int, task.read_text().split())
            except OSError:
                continue  # it ended meanwhile
    return found


def load_of(pid: int) -> tuple[float, float, int]:
    """Processor seconds, MiB and open handles of a process and all below it."""
    seconds, memory, handles = 0.0, 0.0, 0
    for one in family(pid):
        try:
            memory += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * PAGE / 2**20
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            seconds += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")  # with those that ended
            handles += len(os.listdir(f"/proc/{one}/fd"))  # noqa: PTH208  only their number
        except OSError:
            continue  # it ended meanwhile
    return seconds, memory, handles


def count(folder: Path) -> int:
    """The finished files of a folder."""
    if not folder.exists():
        return 0
    with os.scandir(folder) as entries:
        return sum(not entry.name.startswith(".") for entry in entries)


def watch(root: Path, outputs: Path, *arguments: str) -> Samples:
    """Run a command and sample it."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    started, samples = time.monotonic(), Samples()
    command = [sys.executable, "-m", "mmtool", arguments[0], str(root), *arguments[1:]]
    with (root / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    while process.poll() is None:
        samples.rows.append((count(outputs), *load_of(process.pid)))
        time.sleep(TICK)
    samples.seconds = time.monotonic() - started
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{(root / 'log.txt').read_text()[-2000:]}")
    return samples


def draw(root: Path, films: int) -> None:
    """A corpus of short films and texts."""
    for folder in ("videos", "texts", "drawn"):
        (root / folder).mkdir()
    for number in range(DRAWN):
        frames = scenes(lengths=(12, 10 + number, 14), seed=number, size=(60, 80))
        write_film(root / "drawn" / f"{number}.mp4", frames, sound=0.5)
    for number in range(films):
        (root / "videos" / f"film-{number:06}.mp4").hardlink_to(root / "drawn" / f"{number % DRAWN}.mp4")
        (root / "texts" / f"film-{number:06}.txt").write_text(TEXT, encoding="utf-8")


def main() -> int:
    """Print a row a command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--films", type=int, default=2000)
    parser.add_argument("--workers", default="0", help="of segment; 0: one a core")
    arguments = parser.parse_args()
    columns = ("seconds", "ms/film", "first ¼", "last ¼", "peak MiB", "MiB/1000", "handles", "handles/1000")
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        root = Path(folder)
        draw(root, arguments.films)
        print(f"{arguments.films:,} films\n" + "".ljust(10) + "".join(f"{column:>13}" for column in columns))
        steep = []
        for outputs, *command in (
            (
                root / "clips",
                "segment",
                *(("--workers", arguments.workers) if arguments.workers != "0" else ()),
            ),
            (root / "alignments" / "semi-markov", "align"),
            (root / "reports", "report", "--run", "semi-markov"),
        ):
            seen = watch(root, outputs, *command)
            memory, handles = seen.slope(2), seen.slope(3)
            first, last = seen.each(0, 0.25), seen.each(0.75, 1)
            peaks = (max(row[2] for row in seen.rows), max(row[3] for row in seen.rows))
            worked = max(row[1] for row in seen.rows)
            figures = (seen.seconds, 1000 * worked / arguments.films, first, last, peaks[0], memory)
            row = "".join(f"{figure:13.1f}" for figure in figures) + f"{peaks[1]:13}{handles:13.2f}"
            print(command[0].ljust(10) + row, flush=True)
            if memory > FLAT_MEMORY or handles > FLAT_HANDLES or last > FLAT_TIME * first:
                steep.append(command[0])
    print(f"not flat: {', '.join(steep)}" if steep else "flat (nan: too quick to tell)")
    return 1 if steep else 0


if __name__ == "__main__":
    sys.exit(main())
