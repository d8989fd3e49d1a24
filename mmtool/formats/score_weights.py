"""``scores/<name>/weights.json``: what scores were found to be worth beside timing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmtool.errors import InputError
from mmtool.formats.atomic import write_text
from mmtool.formats.json_files import index, number, read_object

FORMAT = "mmtool-score-weights"
VERSION = 1
WHAT = "a valid file of the weights of scores"
REMEDY = "delete it; `mmtool align` makes it again"


@dataclass(frozen=True, slots=True)
class ScoreWeight:
    """A weight, the number of annotated videos that chose it, and their mean score with each weight tried."""

    weight: float
    videos: int
    tried: Mapping[float, float]


def read_score_weights(path: Path) -> dict[str, ScoreWeight]:
    """Weights by the digest of what they were chosen for; empty if the file does not exist.

    Raises InputError for a damaged or foreign file.
    """
    try:
        content = read_object(path, WHAT, REMEDY)
    except FileNotFoundError:
        return {}
    try:
        if content["format"] != FORMAT or content["version"] != VERSION:
            raise ValueError(content["format"])
        return {
            str(recipe): ScoreWeight(
                _weight(entry["weight"]),
                index(entry["videos"], 1 << 40),
                {_weight(float(weight)): number(score) for weight, score in entry["tried"].items()},
            )
            for recipe, entry in content["weights"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise InputError(path, f"is not {WHAT}", REMEDY) from error


def _weight(value: object) -> float:
    if number(value) < 0:
        raise ValueError(f"a weight of {value}")
    return number(value)


def write_score_weight(path: Path, recipe: str, found: ScoreWeight) -> None:
    """Add a weight to the file."""
    weights = read_score_weights(path) | {recipe: found}
    entries = {
        own: {
            "weight": entry.weight,
            "videos": entry.videos,
            "tried": {str(w): s for w, s in entry.tried.items()},
        }
        for own, entry in weights.items()
    }
    content = {"format": FORMAT, "version": VERSION, "weights": entries}
    write_text(path, json.dumps(content, indent=1) + "\n")
