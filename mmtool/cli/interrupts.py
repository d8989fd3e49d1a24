"""Ctrl-C: one line and exit code 130, whatever the program is doing."""

import os
import signal
import sys
from types import FrameType

INTERRUPTED = 130  # as shells have it: 128 and the number of SIGINT
LINE = "interrupted; finished work is kept, run the same command to go on"
SHOW_CURSOR = "\x1b[?25h"  # which a progress bar has hidden


def listen() -> None:
    """Take over from Python's own handler."""
    signal.signal(signal.SIGINT, _interrupt)


def _interrupt(_: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, but leave at once while modules load.

    Nothing catches the exception before the commands are there, and torch, halfway loaded, aborts.
    """
    if not _is_importing(frame) or os.environ.get("MMTOOL_DEBUG") == "1":
        raise KeyboardInterrupt
    sys.stderr.write(f"{SHOW_CURSOR if sys.stderr.isatty() else ''}error {LINE}\n")
    sys.stderr.flush()
    os._exit(INTERRUPTED)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
