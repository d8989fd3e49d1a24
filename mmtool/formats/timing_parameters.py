"""``runs/<run>/timing.json``: the parameters of the semi-Markov model, in a readable layout."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmtool.choices import Modality
from mmtool.errors import InputError
from mmtool.formats.atomic import write_text
from mmtool.formats.csv_rows import read_utf8

FORMAT = "mmtool-timing"
VERSION = 1
REMEDY = "train it with `mmtool train --preset semi-markov`, or name another run with `run`"


@dataclass(frozen=True, slots=True)
class UsedFeatures:
    """Features whose similarity the parameters weight: their name, their digest, and a description."""

    name: str
    digest: str
    description: str


def write_timing(
    path: Path, parameters: Mapping[str, object], features: Mapping[Modality, UsedFeatures] | None = None
) -> None:
    """Write parameters by name, with the features that they were learned with."""
    content: dict[str, object] = {"format": FORMAT, "version": VERSION}
    if features:
        content["features"] = {str(modality): asdict(used) for modality, used in features.items()}
    write_text(path, _layout(content | {"parameters": parameters}, "") + "\n")


def read_timing(path: Path) -> dict[str, Any]:
    """Read parameters by name; raises InputError for a missing, damaged or foreign file."""
    return _read(path)[0]


def read_used_features(path: Path) -> dict[Modality, UsedFeatures]:
    """The features of both modalities that the parameters were learned with; empty if there were none."""
    return _read(path)[1]


def _read(path: Path) -> tuple[dict[str, Any], dict[Modality, UsedFeatures]]:
    try:
        content = json.loads(read_utf8(path, REMEDY))
        if content["format"] != FORMAT:
            raise ValueError(content["format"])
        if content["version"] != VERSION:
            raise InputError(
                path, f"has timing version {content['version']}, this program reads {VERSION}", REMEDY
            )
        features = content.get("features")
        used = {modality: UsedFeatures(**features[modality]) for modality in Modality} if features else {}
        return dict(content["parameters"]), used
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise InputError(path, "is not a valid file of timing parameters", REMEDY) from error


def _layout(value: object, indent: str) -> str:
    """JSON with one line per entry of a nested mapping and per row of a table."""
    inner = indent + " "
    if isinstance(value, Mapping) and any(isinstance(v, Mapping | list | tuple) for v in value.values()):
        entries = [f"{inner}{json.dumps(name)}: {_layout(v, inner)}" for name, v in value.items()]
        return "{\n" + ",\n".join(entries) + f"\n{indent}}}"
    if isinstance(value, list | tuple) and any(isinstance(row, list | tuple) for row in value):
        rows = [inner + json.dumps(row, ensure_ascii=False) for row in value]
        return "[\n" + ",\n".join(rows) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False)
