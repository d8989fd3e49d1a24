"""``runs/<run>/config.json``: the settings and data of a run, written before its first epoch."""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from mmtool.errors import InputError
from mmtool.formats.atomic import write_text
from mmtool.formats.json_files import read_object, text
from mmtool.settings.run_names import TIMING

FORMAT = "mmtool-run"
VERSION = 1
WHAT = "a valid run configuration"


class RunKind(StrEnum):
    """What a run has learned."""

    NETWORK = "network"
    TIMING = "timing"
    MATCHER = "matcher"

    @property
    def described(self) -> str:
        """The kind with its article."""
        names = {RunKind.NETWORK: "the alignment network", RunKind.TIMING: "alignment by timing"}
        return names.get(self, "a matcher")


@dataclass(frozen=True, slots=True)
class Origin:
    """The file that a run was imported from; its digest identifies it, its name is for people."""

    file: str = field(compare=False)
    digest: str


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Settings by name, and digests of the training data and of the first weights.

    ``kind`` is what was trained. ``data`` is a digest of ids, features and gold actions (or matches),
    ``start`` that of the checkpoint whose weights the run started from, empty for random weights. For an
    imported run, ``settings`` are those found in its file, and ``data`` is a digest of the encoders and
    transforms that it was given.
    """

    settings: dict[str, object]
    data: str
    start: str = ""
    imported: Origin | None = None
    kind: RunKind = RunKind.NETWORK


def write_run(path: Path, config: RunConfig) -> None:
    """Write a run's configuration."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "kind": config.kind,
        "settings": config.settings,
        "data": config.data,
        "start": config.start,
    }
    if config.imported is not None:
        content["imported"] = asdict(config.imported)
    write_text(path, json.dumps(content, indent=1) + "\n")


def read_run(path: Path) -> RunConfig:
    """Read a run's configuration; raises InputError for a missing, damaged or foreign file."""
    remedy = "name another run with `run`, or start this one again with `force`"
    try:
        content = read_object(path, WHAT, remedy)
    except FileNotFoundError:
        raise InputError(path, "no such run", "train it with `mmtool train`") from None
    try:
        if content["format"] != FORMAT:
            raise ValueError(content["format"])
        if content["version"] != VERSION:
            raise InputError(
                path, f"has run version {content['version']}, this program reads {VERSION}", remedy
            )
        imported = Origin(**content["imported"]) if "imported" in content else None
        if not isinstance(content["settings"], dict):
            raise TypeError("settings that are not an object")
        settings = content["settings"]
        earlier = RunKind.TIMING if settings.get("preset") == TIMING else RunKind.NETWORK  # without a kind
        return RunConfig(
            settings,
            text(content["data"]),
            text(content.get("start", "")),
            imported,
            RunKind(content.get("kind", earlier)),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(path, f"is not {WHAT}", remedy) from error
