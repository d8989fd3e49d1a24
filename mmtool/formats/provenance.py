"""Records of how each text file was produced, so that finished work is skipped, and nothing else.

The record of ``clips/a.csv`` is ``clips/.made/a.csv.json``. It is written when the new file is complete but
not in place yet, and names the digests of both the new file and the one that it replaces. If the process is
killed in between, the next call therefore recognises the previous file as its own, and produces the new one.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from mmtool.formats.atomic import replacing, write_text
from mmtool.formats.digests import digest_file, digest_json


class State(Enum):
    """State of an output file, from the point of view of the stage that produces it."""

    MISSING = auto()
    CURRENT = auto()  # produced from these inputs with these settings
    STALE = auto()  # produced by this stage from other inputs or with other settings
    FOREIGN = auto()  # not produced by this stage, or changed since


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that determines an output: the stage, its settings and the digests of its inputs."""

    stage: str
    settings: dict[str, object]
    inputs: dict[str, str]
    earlier: tuple[str, ...] = ()  # digests that earlier versions recorded for the same

    @property
    def digest(self) -> str:
        return digest_json([self.stage, self.settings, self.inputs])


def _record_path(output: Path) -> Path:
    return output.parent / ".made" / f"{output.name}.json"


def state_of(output: Path, recipe: Recipe) -> State:
    """Compare an output file with the recipe that would produce it now."""
    if not output.exists():
        return State.MISSING
    content = _read(output)
    if content is None or content.get("stage") != recipe.stage:
        return State.FOREIGN
    digest = digest_file(output)
    if digest == content.get("output"):
        return State.CURRENT if content.get("recipe") in (recipe.digest, *recipe.earlier) else State.STALE
    return State.STALE if digest == content.get("previous") else State.FOREIGN


def recorded_inputs(output: Path) -> list[str]:
    """The names of the inputs that an output was produced from, as its record says."""
    inputs = (_read(output) or {}).get("inputs")
    return [str(name) for name in inputs] if isinstance(inputs, dict) else []


def _read(output: Path) -> dict[str, object] | None:
    """The record of an output; None where there is none that can be read."""
    try:
        content = json.loads(_record_path(output).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


@contextmanager
def recorded(output: Path, recipe: Recipe) -> Iterator[Path]:
    """Yield a path to write ``output`` to; when the block succeeds, record its recipe and put it in place.

    Killed at any moment, the output and its record fit together; see the module's docstring.
    """

    def record(part: Path) -> None:
        content = {
            "stage": recipe.stage,
            "recipe": recipe.digest,
            "settings": recipe.settings,
            "inputs": recipe.inputs,
            "output": digest_file(part),
            "previous": _previous(output),
        }
        write_text(_record_path(output), json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    with replacing(output, before_publishing=record) as part:
        yield part


def _previous(output: Path) -> str | None:
    """The digest of the file that is about to be replaced."""
    return digest_file(output) if output.exists() else None
