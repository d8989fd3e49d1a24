"""How a small text file was made: kept beside it, so that finished work is skipped and only that.

The note on ``clips/a.csv`` is ``clips/.made/a.csv.json``. It is written after the file; a process
killed between the two redoes the file.
"""

import json
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from mmtool.formats.atomic import write_text
from mmtool.formats.digests import digest_file, digest_json


class State(Enum):
    """Of an output file, seen from the stage that would make it."""

    MISSING = auto()
    CURRENT = auto()  # made from these inputs with these settings
    STALE = auto()  # made by this stage from other inputs or with other settings
    FOREIGN = auto()  # not made by this stage, or changed since


@dataclass(frozen=True, slots=True)
class Recipe:
    """What determines an output: the stage, its settings and the digests of its inputs."""

    stage: str
    settings: dict[str, object]
    inputs: dict[str, str]

    @property
    def digest(self) -> str:
        return digest_json([self.stage, self.settings, self.inputs])


def _note(output: Path) -> Path:
    return output.parent / ".made" / f"{output.name}.json"


def state_of(output: Path, recipe: Recipe) -> State:
    """Compare an output file with the recipe that would make it now."""
    if not output.exists():
        return State.MISSING
    try:
        note = json.loads(_note(output).read_text(encoding="utf-8"))
        stage, made, written = note["stage"], note["recipe"], note["output"]
    except (OSError, ValueError, KeyError, TypeError):
        return State.FOREIGN
    if stage != recipe.stage or written != digest_file(output):
        return State.FOREIGN
    return State.CURRENT if made == recipe.digest else State.STALE


def record(output: Path, recipe: Recipe) -> None:
    """Note how ``output`` was made."""
    note = {
        "stage": recipe.stage,
        "recipe": recipe.digest,
        "settings": recipe.settings,
        "inputs": recipe.inputs,
        "output": digest_file(output),
    }
    write_text(_note(output), json.dumps(note, indent=1, ensure_ascii=False) + "\n")
