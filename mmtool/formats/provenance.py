"""Records of how each text file was produced, so that finished work is skipped, and nothing else.

The record of ``clips/a.csv`` is ``clips/.made/a.csv.json``. It is written after the file, so if the process
is killed in between, the next call produces the file again.
"""

import json
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from mmtool.formats.atomic import write_text
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

    @property
    def digest(self) -> str:
        return digest_json([self.stage, self.settings, self.inputs])


def _record_path(output: Path) -> Path:
    return output.parent / ".made" / f"{output.name}.json"


def state_of(output: Path, recipe: Recipe) -> State:
    """Compare an output file with the recipe that would produce it now."""
    if not output.exists():
        return State.MISSING
    try:
        content = json.loads(_record_path(output).read_text(encoding="utf-8"))
        stage, digest, written = content["stage"], content["recipe"], content["output"]
    except (OSError, ValueError, KeyError, TypeError):
        return State.FOREIGN
    if stage != recipe.stage or written != digest_file(output):
        return State.FOREIGN
    return State.CURRENT if digest == recipe.digest else State.STALE


def record(output: Path, recipe: Recipe) -> None:
    """Record how ``output`` was produced."""
    content = {
        "stage": recipe.stage,
        "recipe": recipe.digest,
        "settings": recipe.settings,
        "inputs": recipe.inputs,
        "output": digest_file(output),
    }
    write_text(_record_path(output), json.dumps(content, indent=1, ensure_ascii=False) + "\n")
