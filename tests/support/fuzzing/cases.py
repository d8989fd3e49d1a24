"""What a case of a campaign is: files of its own, and steps that read them as a user would."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Protocol

from mmtool.errors import MmtoolError

MEMORY = 2048  # MiB that no step may take, Python and all libraries included
SECONDS = 10  # of the processor that no step may take


class Refused(Exception):  # noqa: N818  a good end
    """A command ended with a message and an exit code, as it should on bad input."""


class Wrong(Exception):  # noqa: N818  not an error of the reader's
    """A reader gave a result that its promise excludes."""


@dataclass(frozen=True)
class Step:
    """One thing to try on the input; ``how`` says how a user gets the same, with ``{}`` for the folder."""

    how: str
    run: Callable[[], object]


@dataclass(frozen=True)
class Case:
    """A number's input: ``file`` is what was changed, to make it smaller where it fails."""

    steps: Sequence[Step]
    file: Path


class Kind(Protocol):
    """A family of inputs; ``prepare`` fills ``seeds``, an empty folder, once."""

    def prepare(self, seeds: Path) -> None: ...

    def case(self, rng: Random, seeds: Path, folder: Path) -> Case:
        """Write an input below the empty ``folder``; ``seeds`` is not changed."""
        ...


def command(folder: Path, *arguments: object) -> Step:
    """A call of the program in this process; ``folder`` is where its files are."""
    words = [str(argument) for argument in arguments]
    return Step("mmtool " + " ".join(words).replace(str(folder), "{}"), lambda: call(words))


def call(arguments: Sequence[str]) -> None:
    """Call ``mmtool``; raises what a user would see as a traceback, and ``Refused`` for a message."""
    from typer.testing import CliRunner

    from mmtool.cli.main import app

    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    if "Traceback (most recent call last)" in result.output:
        raise Wrong("a traceback in the output")
    if "out of memory" in result.output:
        raise MemoryError(f"said in mmtool {arguments[0]}")
    if result.exit_code not in (0, 1, 2):
        raise Wrong(f"exit code {result.exit_code}")
    if result.exit_code:
        raise Refused(result.output)


def reading(how: str, read: Callable[[], object]) -> Step:
    """A call of a public function from Python."""
    return Step(how, read)


def outcome_of(step: Step) -> tuple[str, str]:
    """Run a step; what came of it, and for a failure its signature: error and deepest line of mmtool."""
    try:
        step.run()
    except (MmtoolError, Refused):
        return "refusal", ""
    except Wrong as error:
        return "wrong", str(error)[:200]
    except MemoryError as error:
        return "memory", f"MemoryError {_place(error)}"
    except Exception as error:
        return "traceback", f"{type(error).__name__} {_place(error)}"
    return "result", ""


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    if len(frames) > 400:  # the deepest frame of a recursion is a matter of chance
        frames = frames[:400]
        names = [f"{Path(f.filename).name}:{f.name}" for f in frames if "/mmtool/" in f.filename]
        return f"recursion through {max(names[100:] or names, key=names.count)}"
    for frame in reversed(frames):
        if "/mmtool/" in frame.filename:
            return f"mmtool/{frame.filename.split('/mmtool/')[-1]} {frame.name}(): {frame.line or ''}"[:160]
    return str(error)[:160]


def shrunk(step: Step, file: Path, signature: str, clock: Callable[[], float], seconds: float) -> bytes:
    """Drop parts of the file while the step fails in the same way; the file is left as it was."""
    whole = best = file.read_bytes()
    deadline, piece = clock() + seconds, max(1, len(whole) // 2)
    while clock() < deadline:
        at, before = 0, len(best)
        while at < len(best) and clock() < deadline:
            tried = best[:at] + best[at + piece :]
            file.write_bytes(tried)
            if outcome_of(step)[1] == signature:
                best = tried
            else:
                at += piece
        if piece == 1 and len(best) == before:
            break
        piece = max(1, min(piece // 2, len(best) // 2))
    file.write_bytes(whole)
    return best
