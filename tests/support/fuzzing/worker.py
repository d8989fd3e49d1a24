"""A process that runs cases one after the other and tells its parent what it begins and how it ended.

python -m support.fuzzing.worker KIND SEED FIRST STEP SCRATCH FAILURES
"""

import faulthandler
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from random import Random

from support.fuzzing.cases import MEMORY, SECONDS, Case, Kind, Step, outcome_of, shrunk
from support.fuzzing.kinds import kind_of

SPARE = 6 << 30  # bytes of addresses beyond those of the loaded program; what is resident is watched apart
SAVED = 3  # inputs of each signature
SHRINKING = 4.0  # seconds
QUIET = 1 << 20  # bytes of libraries' messages that are kept


def peak(*, reset: bool = False) -> float:
    """The greatest resident size since the last reset, in MiB."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def limit_addresses() -> None:
    """Let one huge request fail instead of taking the machine's memory."""
    own = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (own + SPARE, own + SPARE))


class Worker:
    """The cases ``first``, ``first + stride``, … of a kind."""

    def __init__(self, name: str, seed: int, scratch: Path, failures: Path, *, shrink: bool = True) -> None:
        self.name, self.seed, self.failures, self.shrink = name, seed, failures, shrink
        self.kind: Kind = kind_of(name)
        self.seeds, self.folder = scratch / "seeds" / name, scratch / f"case-{name}"
        if not (self.seeds / ".ready").exists():
            shutil.rmtree(self.seeds, ignore_errors=True)
            self.seeds.mkdir(parents=True)
            self.kind.prepare(self.seeds)
            (self.seeds / ".ready").touch()

    def make(self, number: int) -> Case:
        """Write the files of a case; the same number gives the same ones."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return self.kind.case(Random(f"{self.seed} {self.name} {number}"), self.seeds, self.folder)

    def run(self, number: int) -> None:
        """Run a case, and tell of each of its steps."""
        try:
            case = self.make(number)
        except Exception as error:
            say({"broken": number, "error": "".join(traceback.format_exception(error))})
            raise
        for step in case.steps:
            say({"begins": number, "how": step.how})
            peak(reset=True)
            started = time.process_time()
            outcome, signature = outcome_of(step)
            seconds, most = time.process_time() - started, peak()
            if not signature and most > MEMORY:
                outcome, signature = "memory", f"more than {MEMORY} MiB in {step.how.replace('{}', 'CORPUS')}"
            elif not signature and seconds > SECONDS:
                outcome, signature = "hang", f"more than {SECONDS} s in {step.how.replace('{}', 'CORPUS')}"
            if signature:
                self.save(number, case, step, signature)
            say({"ends": outcome, "signature": signature, "seconds": seconds, "peak": most})
            if signature:
                break

    def save(self, number: int, case: Case, step: Step, signature: str) -> None:
        """Keep the input beside others that fail in the same way, the first of them also made smaller."""
        place = self.failures / slug(f"{self.name} {signature}")
        if place.is_dir() and len(list(place.glob("*.sh"))) >= SAVED:
            return
        first = not place.is_dir()
        keep(self.folder, place / str(number), step.how, signature)
        if first and self.shrink and case.file.is_file():
            say({"shrinks": True})
            small = shrunk(step, case.file, signature, time.monotonic, SHRINKING)
            (place / f"small{case.file.suffix}").write_bytes(small)


def slug(text: str) -> str:
    """A file name."""
    return "".join(letter if letter.isalnum() else "-" for letter in text)[:100].strip("-")


def keep(folder: Path, target: Path, how: str, signature: str) -> None:
    """Copy a case's files and say in one line how it is run again."""
    shutil.copytree(folder, target, dirs_exist_ok=True, symlinks=True)
    line = how.replace("{}", str(target))
    target.with_suffix(".sh").write_text(f"# {signature}\n{line}\n", encoding="utf-8", errors="replace")


def say(message: dict[str, object]) -> None:
    """One line to the parent."""
    sys.__stdout__.write(json.dumps(message) + "\n")
    sys.__stdout__.flush()


def main() -> None:
    """Work until the parent has enough."""
    name, seed, first, stride, scratch, failures = sys.argv[1:]
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is not for the parent
    sys.__stdout__ = own
    faulthandler.register(signal.SIGUSR1, all_threads=False)
    tempfile.tempdir = scratch
    worker = Worker(name, int(seed), Path(scratch), Path(failures))
    say({"ready": True})
    limit_addresses()
    number = int(first)
    while True:
        worker.run(number)
        number += int(stride)
        if os.fstat(2).st_size > QUIET:
            os.ftruncate(2, 0)


if __name__ == "__main__":
    main()
