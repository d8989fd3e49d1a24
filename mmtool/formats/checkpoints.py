"""``runs/<run>/best.pt`` and ``last.pt``: self-describing checkpoints."""

import json
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from mmtool.choices import CheckpointChoice, Modality
from mmtool.errors import CallError, InputError
from mmtool.formats.atomic import replacing
from mmtool.formats.digests import digest_file
from mmtool.records import EncoderIdentity

FORMAT = "mmtool-checkpoint"
VERSION = 1
REMEDY = "train the run again, or name another with `run`"


@dataclass(frozen=True, slots=True)
class CheckpointInput:
    """The features of one modality: their name, their encoders, and the arrays of the fitted transform."""

    name: str
    sources: tuple[EncoderIdentity, ...]
    projection: str
    transform: dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A network, with everything needed to apply it to new videos and to continue its training."""

    settings: dict[str, object]
    shape: dict[str, object]
    epoch: int
    scores: dict[str, float]
    network: dict[str, torch.Tensor]
    inputs: dict[Modality, CheckpointInput]
    training: dict[str, Any]  # optimiser and scheduler; empty in best.pt
    timing: dict[str, Any] = field(default_factory=dict)  # parameters and weight, if the network uses timing


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write atomically: an earlier checkpoint stays intact until the new one is complete."""
    inputs = {
        str(modality): {
            "name": given.name,
            "sources": json.dumps([asdict(source) for source in given.sources], sort_keys=True),
            "projection": given.projection,
            "transform": given.transform,
        }
        for modality, given in checkpoint.inputs.items()
    }
    content = {
        "format": FORMAT,
        "version": VERSION,
        "settings": json.dumps(checkpoint.settings, sort_keys=True),
        "shape": json.dumps(checkpoint.shape, sort_keys=True),
        "epoch": checkpoint.epoch,
        "scores": dict(checkpoint.scores),
        "network": checkpoint.network,
        "inputs": inputs,
        "training": checkpoint.training,
    }
    if checkpoint.timing:
        content["timing"] = json.dumps(checkpoint.timing, sort_keys=True)
    with replacing(path) as part, part.open("wb") as file:
        try:
            torch.save(content, file)
        except RuntimeError as error:  # torch's zip writer reports a full disk this way
            raise OSError(str(error).splitlines()[0]) from error


def read_checkpoint(path: Path) -> Checkpoint:
    """Read tensors and plain values only; raises InputError for a missing, corrupt or foreign file."""
    if not path.exists():
        raise InputError(path, "no such checkpoint", REMEDY)
    content = read_plain(path, _damage(path))
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(path, "was written by torch, but is not a checkpoint of mmtool", REMEDY)
    if content.get("version") != VERSION:
        raise InputError(
            path, f"has checkpoint version {content.get('version')}, this program reads {VERSION}", REMEDY
        )
    try:
        return Checkpoint(
            settings=json.loads(content["settings"]),
            shape=json.loads(content["shape"]),
            epoch=content["epoch"],
            scores=content["scores"],
            network=content["network"],
            inputs={Modality(key): _read_input(given) for key, given in content["inputs"].items()},
            training=content["training"],
            timing=json.loads(content.get("timing", "{}")),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _damage(path) from error


def read_plain(path: Path, damage: InputError) -> object:
    """The tensors and plain values that torch saved in a file; raises ``damage`` for anything else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's warnings about files that are refused anyway
        try:
            with path.open("rb") as file:
                return torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # torch fails in many ways on bytes that it did not write
            raise damage from error


def _read_input(given: dict[str, Any]) -> CheckpointInput:
    sources = tuple(EncoderIdentity(**source) for source in json.loads(given["sources"]))
    return CheckpointInput(given["name"], sources, given["projection"], given["transform"])


def _damage(path: Path) -> InputError:
    return InputError(path, "is not a valid checkpoint", REMEDY)


def choose_checkpoint(run: Path, choice: CheckpointChoice) -> Path:
    """The checkpoint to use; ``auto`` is the best if the run stops early, otherwise the last."""
    if not (run / "last.pt").exists():
        raise CallError(
            f"{run}: no such run, or no finished epoch yet; train it with `mmtool train --run {run.name}`"
        )
    if choice is CheckpointChoice.AUTO:
        stops_early = read_checkpoint(run / "last.pt").settings.get("early_stopping")
        choice = CheckpointChoice.BEST if stops_early else CheckpointChoice.LAST
    return run / f"{choice}.pt"


def checkpoint_digest(path: Path) -> str:
    """The digest that an alignment records of its checkpoint."""
    return digest_file(path)
