"""The parent of workers: starts them, ends those that hang or take too much memory, and counts."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from support.fuzzing.cases import MEMORY, SECONDS
from support.fuzzing.worker import keep, slug

OUTCOMES = ("result", "refusal", "traceback", "wrong", "hang", "memory", "crash")
GOOD = ("result", "refusal")
TICK = 0.05  # seconds between looks at the worker
WAIT = 300.0  # seconds of any kind: a worker that waits for another thread takes none of the processor
TESTS = Path(__file__).parents[2]


@dataclass
class Tally:
    """What a campaign of one kind has seen."""

    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    signatures: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    most: float = 0.0
    seconds: float = 0.0
    number: int = 0  # the next case

    def add(self, outcome: str, signature: str, seconds: float, peak: float) -> None:
        """Count a step."""
        self.outcomes[outcome] += 1
        self.slowest, self.most = max(self.slowest, seconds), max(self.most, peak)
        if outcome not in GOOD:
            self.signatures[f"{outcome}: {signature}"] += 1


class Watch:
    """One worker at a time, of one kind, from case ``number`` on."""

    def __init__(self, name: str, seed: int, scratch: Path, failures: Path, tally: Tally) -> None:
        self.name, self.seed, self.scratch, self.failures, self.tally = name, seed, scratch, failures, tally
        self.log = scratch / f"log-{name}"
        self.how, self.ready, self.running, self.since = "", False, False, time.monotonic()
        self.processor, self.broken = 0.0, ""

    def work(self, seconds: float) -> None:
        """Run workers until they have worked so long; loading and preparing is not counted."""
        while self.tally.seconds < seconds:
            self._one(seconds)

    def _one(self, enough: float) -> None:
        arguments = [self.name, self.seed, self.tally.number, 1, self.scratch, self.failures]
        command = [sys.executable, "-X", "faulthandler", "-m", "support.fuzzing.worker", *map(str, arguments)]
        paths = os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
        environment = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
        self.ready, self.running, self.since, self.how = (
            False,
            False,
            time.monotonic(),
            "(the start of the worker)",
        )
        with self.log.open("wb") as log:
            worker = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                start_new_session=True,
                text=True,
            )
        ear = threading.Thread(target=self._hear, args=(worker,))
        ear.start()
        verdict = ""
        while worker.poll() is None and not verdict and self.tally.seconds < enough:
            time.sleep(TICK)
            self.tally.seconds += TICK if self.ready else 0.0
            verdict = self._excess(worker.pid)
        ended = worker.poll()
        if ended is None:
            if verdict:
                worker.send_signal(signal.SIGUSR1)  # it says where it is
                self._await_stack()
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        ear.join()
        if not verdict and ended is not None:
            verdict = "crash"
        if verdict:
            self._record(verdict, ended)

    def _hear(self, worker: subprocess.Popen[str]) -> None:
        assert worker.stdout is not None
        for line in worker.stdout:
            try:
                message = json.loads(line)
            except ValueError:
                continue  # cut off by the kill
            self.since, self.processor = time.monotonic(), processor_seconds(worker.pid)
            if "ready" in message:
                self.ready = True
            elif "begins" in message:
                if message["begins"] >= self.tally.number:
                    self.tally.cases += 1
                    self.tally.number = message["begins"] + 1
                self.running, self.how = True, message["how"]
            elif "broken" in message:
                self.broken = (
                    f"case {message['broken']} of {self.name} could not be made:\n{message['error']}"
                )
            elif "shrinks" in message:
                self.running = False
            elif "ends" in message:
                self.running = False
                self.tally.add(message["ends"], message["signature"], message["seconds"], message["peak"])

    def _excess(self, pid: int) -> str:
        if not self.running:
            return ""
        if resident(pid) > MEMORY:
            return "memory"
        waited, worked = time.monotonic() - self.since, processor_seconds(pid) - self.processor
        return "hang" if worked > SECONDS or waited > WAIT else ""

    def _await_stack(self) -> None:
        """Until the worker has said where it is, but not for long: its memory may grow meanwhile."""
        for _ in range(20):
            time.sleep(TICK)
            if "File " in self.log.read_text(errors="replace"):
                return

    def _record(self, verdict: str, code: int | None) -> None:
        said = self.log.read_text(errors="replace")
        if not self.ready or self.broken:
            raise RuntimeError(self.broken or f"the worker for {self.name} did not start:\n{said[-2000:]}")
        stack = re.findall(r'File "[^"]*/(mmtool/[^"]*)", line (\d+) in (\w+)', said)
        where = f"{stack[0][0]} {stack[0][2]}()" if stack else self.how.replace("{}", "CORPUS")
        if verdict == "crash" and not stack:
            where = f"exit code {code}: {said.strip().splitlines()[-1][:120] if said.strip() else ''}"
        self._keep(f"{verdict} {where}")
        waited = time.monotonic() - self.since
        self.tally.add(verdict, where, waited if verdict == "hang" else 0.0, 0.0)

    def _keep(self, signature: str) -> None:
        place = self.failures / slug(f"{self.name} {signature}")
        if not place.is_dir() or len(list(place.glob("*.sh"))) < 3:
            number = self.tally.number - 1
            keep(self.scratch / f"case-{self.name}", place / str(number), self.how, signature)


def resident(pid: int) -> float:
    """MiB of memory that a process has now; 0 once it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (OSError, IndexError):
        return 0.0


def processor_seconds(pid: int) -> float:
    """What a process has taken of the processor; 0 once it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError):
        return 0.0
