"""Calls of `mmtool` in processes of their own that start at once: forks of one that has loaded everything.

A call that is killed is nearly always killed at its work, and not while modules load; and a thousand calls
take minutes instead of hours. Needs fork.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

SERVER = """
import importlib, json, os, pkgutil, signal, sys
import mmtool, mmtool.__main__
for module in pkgutil.walk_packages(mmtool.__path__, "mmtool."):
    try:
        importlib.import_module(module.name)
    except ImportError:
        pass  # an extra that is not installed

def run(arguments, when, said):
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    os.dup2(2, 1)
    count, replace = 0, os.replace
    def ending(*paths, **more):
        nonlocal count
        count += 1
        if when == -count:
            os.killpg(0, signal.SIGKILL)
        replace(*paths, **more)
        if when == count:
            os.killpg(0, signal.SIGKILL)
    os.replace = ending
    sys.argv = ["mmtool", *arguments]
    code = 70
    try:
        mmtool.__main__.main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(2, f"\\nrenames: {count}".encode())
        os._exit(code)

print("ready", flush=True)
for line in sys.stdin:
    pid = os.fork()
    if not pid:
        run(*json.loads(line))
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""
LIMIT = 600.0  # seconds of one call
STARTED = 600.0  # seconds until everything is loaded, on a machine that is busy


class Call:
    """One call; ``code`` is how it ended, None while it runs."""

    def __init__(self, pid: int, lines: "queue.Queue[str]", said: Path) -> None:
        self.pid, self._lines, self._said = pid, lines, said
        self.code: int | None = None

    def wait(self, seconds: float = LIMIT) -> int | None:
        """How it ended; None if it is still running after so long."""
        if self.code is None:
            with contextlib.suppress(queue.Empty):
                self.code = int(self._lines.get(timeout=max(0.001, seconds)))
        return self.code

    def kill(self) -> None:
        """End it and its children at once."""
        while self.wait(0.0) is None:
            with contextlib.suppress(ProcessLookupError):  # it may not lead its group yet
                os.killpg(self.pid, signal.SIGKILL)
            time.sleep(0.001)

    @property
    def said(self) -> str:
        """What it printed."""
        return self._said.read_text(errors="replace").rpartition("\nrenames: ")[0]

    @property
    def renames(self) -> int:
        """How many files got their names from a rename; of a call that ended of itself."""
        return int(self._said.read_text(errors="replace").rpartition("\nrenames: ")[2])


class Zygote:
    """Starts calls, one at a time."""

    def __init__(self, place: Path) -> None:
        self._said = place / "said.txt"
        self._lines: queue.Queue[str] = queue.Queue()
        paths = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": paths, "MPLBACKEND": "agg"},
        )
        threading.Thread(target=self._listen, daemon=True).start()
        assert self._lines.get(timeout=STARTED) == "ready"

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.strip())

    def start(self, arguments: list[str], when: int = 0) -> Call:
        """Call ``mmtool``; it ends itself after the ``when``-th rename, or for a negative number before."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([arguments, when, str(self._said)]) + "\n")
        self._process.stdin.flush()
        return Call(int(self._lines.get(timeout=STARTED)), self._lines, self._said)

    def close(self) -> None:
        """End the server; it has no call at work."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
