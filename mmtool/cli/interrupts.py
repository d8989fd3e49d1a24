"""Ctrl-C ends the program with one line and exit code 130, whatever it is doing."""

import os
import signal
import sys
from types import FrameType

INTERRUPTED = 130  # the convention of shells: 128 plus the number of SIGINT
LINE = "interrupted; finished work is kept, run the same command again to continue"
SHOW_CURSOR = "\x1b[?25h"  # a progress bar hides it


def listen() -> None:
    """Replace Python's handler of SIGINT."""
    signal.signal(signal.SIGINT, _interrupt)


def _interrupt(_: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, but exit immediately while modules are imported.

    Before the commands are imported, nothing catches the exception; and torch aborts if its import is
    interrupted.
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
