"""``runs/<run>/best.pt`` and ``last.pt``: self-describing checkpoints."""

import io
import json
import sys
import warnings
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import torch

from mmtool.choices import CheckpointChoice, Modality
from mmtool.errors import CallError, InputError
from mmtool.formats import tensors as stored
from mmtool.formats.atomic import replacing
from mmtool.formats.digests import digest_file
from mmtool.formats.foreign_files import FETCH, is_pointer
from mmtool.formats.identities import parse_identities
from mmtool.formats.json_files import number, text, unreadable
from mmtool.formats.tensors import named
from mmtool.formats.transforms import checked_transform
from mmtool.records import EncoderIdentity

FORMAT = "mmtool-checkpoint"
MATCHER_FORMAT = "mmtool-matcher"
VERSION = 1
TRAINING = {"epoch", "best_score", "best_epoch", "optimizer", "scheduler"}
REMEDY = "train the run again, or name another with `run`"
MOST_PLAIN = 64 << 20  # bytes of what is not a tensor, which is read at once


@dataclass(frozen=True, slots=True)
class CheckpointInput:
    """The features of one modality: their name, their encoders, and the arrays of the fitted transform.

    Where the network reads several sources of a clip, they are ``parts``, which have the transforms.
    """

    name: str
    sources: tuple[EncoderIdentity, ...]
    projection: str
    transform: dict[str, torch.Tensor]
    parts: "tuple[CheckpointInput, ...]" = ()


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
    inputs = {str(modality): _input_to_write(given) for modality, given in checkpoint.inputs.items()}
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
    save(path, content)


def _input_to_write(given: CheckpointInput) -> dict[str, Any]:
    return {
        "name": given.name,
        "sources": json.dumps([asdict(source) for source in given.sources], sort_keys=True),
        "projection": given.projection,
        "transform": given.transform,
        **({"parts": [_input_to_write(part) for part in given.parts]} if given.parts else {}),
    }


def save(path: Path, content: dict[str, Any]) -> None:
    """Write tensors and plain values atomically; equal contents give equal bytes."""
    image = io.BytesIO()  # torch's own writer would turn Ctrl-C and a full disk into errors of its zip file
    torch.save(_apart(content), image)
    with replacing(path) as part, part.open("wb") as file:
        file.write(image.getbuffer())  # Path.write_bytes keeps a view, which a BytesIO must not end before


def _apart(value: Any) -> Any:
    """The same plain values in objects that depend on the values alone.

    Pickle writes an object that it meets again as a reference, and what is one object in a run may be two
    after it was read from a file. An alignment would then seem to be that of another checkpoint.
    """
    if type(value) is str:
        return sys.intern(value)
    if type(value) is dict:
        return {_apart(key): _apart(entry) for key, entry in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_apart(entry) for entry in value)
    return value


def read_checkpoint(path: Path) -> Checkpoint:
    """Read tensors and plain values only; raises InputError for a missing, corrupt or foreign file."""
    if not path.exists():
        raise InputError(path, "no such checkpoint", REMEDY)
    return _checkpoint(path, read_plain(path, damage_of(path)))


def _checkpoint(path: Path, content: object) -> Checkpoint:
    """What a file holds, as the checkpoint of a network that aligns."""
    if isinstance(content, dict) and content.get("format") == MATCHER_FORMAT:
        raise InputError(
            path,
            "is a checkpoint of a matcher, which aligns nothing by itself",
            f"align with its features: `video={path.parent.name}`, `text={path.parent.name}` and a `decoder`",
        )
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(path, "was written by torch, but is not a checkpoint of mmtool", REMEDY)
    version = content.get("version")
    if type(version) is not int or version != VERSION:
        raise InputError(path, f"has checkpoint version {version}, this program reads {VERSION}", REMEDY)
    try:
        return Checkpoint(
            settings=named(json.loads(content["settings"])),
            shape=(shape := stored.shape(json.loads(content["shape"]))),
            epoch=read_epoch(content["epoch"]),
            scores={str(name): number(score) for name, score in named(content["scores"]).items()},
            network=stored.weights(content["network"]),
            inputs={
                modality: _read_input(
                    content["inputs"][modality], shape[f"{modality}_dimension"], shape.get("sources")
                )
                for modality in Modality
            },
            training=read_training(content["training"]),
            timing=_timing(json.loads(content.get("timing", "{}"))),
        )
    except (LookupError, AttributeError, TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise damage_of(path) from error


def read_plain(path: Path, damage: InputError) -> object:
    """The tensors and plain values that torch saved in a file; raises ``damage`` for anything else.

    Raises InputError also for a file whose checksums are wrong, and for one that would unpack to more than
    its own size: torch stores tensors as they are.
    """
    try:
        if is_pointer(path):
            raise InputError(path, "is a pointer of Git LFS, not the file itself", FETCH)
        with path.open("rb") as file:
            if zipfile.is_zipfile(file):
                _check_archive(path, file)
            file.seek(0)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch's warnings about files that are refused anyway
                return torch.load(file, map_location="cpu", weights_only=True)
    except InputError:
        raise
    except OSError as error:
        if error.errno:
            raise unreadable(path, error) from error
        raise damage from error
    except Exception as error:  # torch and zipfile fail in many ways on bytes that they did not write
        raise damage from error


def _check_archive(path: Path, file: BinaryIO) -> None:
    """Raise InputError where an archive of torch is compressed or damaged."""
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise InputError(path, "is refused, because it is compressed", REMEDY)
        if sum(entry.file_size for entry in entries) > path.stat().st_size:
            raise InputError(path, "is refused, because it declares more than it stores", REMEDY)
        if any(entry.file_size > MOST_PLAIN and "/data/" not in entry.filename for entry in entries):
            raise InputError(path, "is refused, because it holds more than tensors and settings", REMEDY)
        damaged = archive.testzip()
    if damaged is not None:
        raise InputError(path, f"is damaged (wrong checksum of {Path(damaged).name!r})", REMEDY)


def read_epoch(value: object) -> int:
    """An epoch, from 0; raises TypeError for anything else."""
    if type(value) is not int or value < 0:
        raise TypeError(f"{value!r} is not an epoch")
    return value


def read_training(value: Any) -> dict[str, Any]:
    """The state of a training, whose optimiser and scheduler are checked where they are known."""
    state = named(value)
    if not state:
        return state
    if state.keys() != TRAINING:
        raise ValueError("not the state of a training")
    read_epoch(state["epoch"])
    read_epoch(state["best_epoch"])
    if type(state["best_score"]) is not float or state["best_score"] != state["best_score"]:
        raise TypeError("a best score that is not a number")
    named(state["optimizer"])
    named(state["scheduler"])
    return state


def _timing(value: Any) -> dict[str, Any]:
    if not named(value):
        return {}
    if number(value["weight"]) < 0:
        raise ValueError("a negative weight of timing")
    named(value["parameters"])
    return named(value)


def _read_input(given: dict[str, Any], width: object, widths: object = None) -> CheckpointInput:
    """One input; ``widths`` are those of its parts, where it has several."""
    sources = parse_identities(given["sources"])
    if "parts" in given:
        if not isinstance(widths, list):
            raise ValueError("several sources of a network that reads one")
        parts = [_read_input(part, columns) for part, columns in zip(given["parts"], widths, strict=True)]
        return CheckpointInput(text(given["name"]), sources, text(given["projection"]), {}, tuple(parts))
    arrays = {name: tensor.numpy() for name, tensor in stored.tensors(given["transform"]).items()}
    if checked_transform(arrays)["mean"].shape != (width,):
        raise ValueError("a transform to another width than the network reads")
    return CheckpointInput(text(given["name"]), sources, text(given["projection"]), given["transform"])


def damage_of(path: Path) -> InputError:
    """The error for a damaged checkpoint."""
    return InputError(path, "is not a valid checkpoint", REMEDY)


def choose_checkpoint(run: Path, choice: CheckpointChoice, *, trained_with: str = "") -> Path:
    """The checkpoint to use; ``auto`` is the best if the run stops early, otherwise the last.

    Raises CallError where there is none, whose remedy names what the run must be ``trained_with``.
    """
    if not (run / "last.pt").exists():
        command = " ".join(["mmtool train", *filter(None, [trained_with]), "--run", run.name])
        raise CallError(f"{run}: no such run, or no finished epoch yet; train it with `{command}`")
    if choice is CheckpointChoice.AUTO:
        stops_early = _settings_of(run / "last.pt").get("early_stopping")
        choice = CheckpointChoice.BEST if stops_early else CheckpointChoice.LAST
    return run / f"{choice}.pt"


def is_of_matcher(path: Path) -> bool:
    """Whether a checkpoint is a matcher's; raises InputError for a file that torch cannot read."""
    content = read_plain(path, damage_of(path))
    return isinstance(content, dict) and content.get("format") == MATCHER_FORMAT


def _settings_of(path: Path) -> dict[str, Any]:
    """The settings of a checkpoint of either kind."""
    content = read_plain(path, damage_of(path))
    if isinstance(content, dict) and content.get("format") == MATCHER_FORMAT:
        return named(json.loads(content["settings"]))
    return _checkpoint(path, content).settings


def checkpoint_digest(path: Path) -> str:
    """The digest that an alignment records of its checkpoint."""
    return digest_file(path)
