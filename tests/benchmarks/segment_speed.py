"""Speed and memory of ``mmtool segment`` beside PySceneDetect's own command, both as programs.

    python tests/benchmarks/segment_speed.py

Prints peak memory, and ratios of wall time and of processor time, on which other programs have little
influence: the best of ROUNDS, with the programs taking turns. Films are drawn. Both programs run from
compiled bytecode, as installed programs do, and `a film of a second` shows the cost of starting.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from mmtool.cores import usable_cores
from support.films import scenes, write_film

ROUNDS = 7
SECONDS = 20  # of a short film; the long one is LONGER times that
LONGER = 12
PROGRAM = """
import runpy, sys
from pathlib import Path

sys.argv = sys.argv[1:]
try:
    runpy.run_module(sys.argv[0], run_name="__main__")
finally:
    status = Path("/proc/self/status").read_text()
    print(status.split("VmHWM:")[1].split()[0], file=sys.stderr)  # peak memory in KiB
"""


def frames(seconds: int, seed: int, size: tuple[int, int] = (360, 640)) -> Iterator[np.ndarray]:
    """Shots of three seconds at 25 frames a second."""
    for part in range(seconds // 20):
        yield from scenes(lengths=(75,) * 6 + (50,), seed=100 * seed + part, size=size)


def scenedetect(film: Path, folder: Path) -> list[str]:
    options = ["detect-content", "-t", "20", "-m", "5", "list-scenes"]
    return [sys.executable, "-m", "scenedetect", "-q", "-i", str(film), "-o", str(folder), *options]


def mmtool(corpus: Path) -> list[str]:
    return [sys.executable, "-m", "mmtool", "segment", str(corpus), "--force"]


def seconds(*commands: list[str]) -> np.ndarray:
    """Wall time and processor time."""
    used, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    for command in commands:
        subprocess.run(command, check=True, capture_output=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return np.array([wall, after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime])


def ratio(name: str, theirs: list[list[str]], ours: list[str]) -> None:
    times = [(seconds(*theirs), seconds(ours)) for _ in range(ROUNDS)]
    (slow, slow_cpu), (fast, fast_cpu) = np.min(times, axis=0)
    print(
        f"{name:<36} {slow / fast:5.2f} × as fast ({slow:.2f} s against {fast:.2f} s)"
        f", {slow_cpu / fast_cpu:.2f} × by processor time"
    )


def peak(corpus: Path) -> float:
    """Peak memory in MiB."""
    command = [sys.executable, "-c", PROGRAM, "mmtool", "segment", str(corpus), "--force"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    return int(output.split()[-1]) / 1024


def corpus_of(root: Path, name: str, *films: Path) -> Path:
    (root / name / "videos").mkdir(parents=True)
    for film in films:
        shutil.copy(film, root / name / "videos")
    return root / name


def main() -> None:
    print(f"{usable_cores()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(root / "bytecode")
        shorts = [
            write_film(root / f"short{k}.mp4", frames(SECONDS, k), codec="libx264", key_frames=50)
            for k in range(8)
        ]
        long = write_film(root / "long.mp4", frames(LONGER * SECONDS, 9), codec="libx264", key_frames=50)
        start = write_film(root / "start.mp4", scenes(lengths=(25,)), codec="libx264")
        second = corpus_of(root, "second", start)
        one, eight = corpus_of(root, "one", shorts[0]), corpus_of(root, "eight", *shorts)
        whole = corpus_of(root, "whole", long)
        ratio("a film of a second", [scenedetect(start, root)], mmtool(second))
        ratio(f"one film of {SECONDS} s, 640 × 360", [scenedetect(shorts[0], root)], mmtool(one))
        ratio(f"one film of {LONGER * SECONDS} s", [scenedetect(long, root)], mmtool(whole))
        ratio("eight films, against eight calls", [scenedetect(f, root) for f in shorts], mmtool(eight))
        print(f"peak memory, {SECONDS} s: {peak(one):.0f} MiB; {LONGER * SECONDS} s: {peak(whole):.0f} MiB")


if __name__ == "__main__":
    main()
