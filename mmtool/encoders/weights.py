"""Weights of networks: reading files, finding published ones, and digests that identify them."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from mmtool.errors import InputError
from mmtool.reachable import reachable

RANDOM = "random"  # the choice of untrained weights
WEIGHTS_SETTING = "video_weights"  # the setting that takes the weights of detectors and classifiers
BATCH_COUNTER = "num_batches_tracked"  # of batch norms; a trained model does not compute with it


def weights_remedy(model: str) -> str:
    """What to do about weights that do not fit ``model``."""
    return f"set `{WEIGHTS_SETTING}` to a state dict of {model}, or to {RANDOM}"


def weights_digest(tensors: Mapping[str, Tensor]) -> str:
    """``sha256:`` and 16 hexadecimal digits over names, shapes and bytes, in the order of names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        if not name.endswith(BATCH_COUNTER):
            values = tensors[name].detach().cpu().contiguous().numpy()
            digest.update(f"{name} {values.dtype} {values.shape}\n".encode())
            digest.update(values.tobytes())
    return f"sha256:{digest.hexdigest()[:16]}"


def read_tensors(path: Path, *, remedy: str) -> dict[str, Tensor]:
    """Read a state dict, ``.safetensors`` or torch's own format; only tensors are loaded.

    Raises InputError if the file is missing, unreadable or not a state dict.
    """
    if not path.is_file():
        raise InputError(path, "this weights file does not exist", remedy)
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever the two parsers raise on foreign bytes
        raise InputError(path, f"cannot be read as weights ({type(error).__name__})", remedy) from error
    if not isinstance(tensors, dict) or not all(isinstance(value, Tensor) for value in tensors.values()):
        raise InputError(path, "is not a state dict, which maps names to tensors", remedy)
    return tensors


def load_tensors(model: nn.Module, tensors: Mapping[str, Tensor], *, path: Path, remedy: str) -> None:
    """Load all of ``tensors`` into all of ``model``; raises InputError naming the first that does not fit."""
    check_tensors(tensors, model.state_dict(), path=path, remedy=remedy)
    model.load_state_dict(_without_counters(tensors), strict=False)


def check_tensors(
    tensors: Mapping[str, Tensor], model: Mapping[str, Tensor], *, path: Path, remedy: str
) -> None:
    """Raise InputError naming the first of ``tensors`` whose name or shape differs from the model's."""
    wanted, given = _without_counters(model), _without_counters(tensors)
    for name, value in wanted.items():
        if name not in given:
            raise InputError(path, f"has no tensor {name}", remedy)
        if given[name].shape != value.shape:
            shapes = f"{tuple(given[name].shape)}, not {tuple(value.shape)}"
            raise InputError(path, f"tensor {name} has shape {shapes}", remedy)
    if unknown := [name for name in given if name not in wanted]:
        raise InputError(path, f"tensor {unknown[0]} does not belong to the model", remedy)


def _without_counters(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in tensors.items() if not name.endswith(BATCH_COUNTER)}


def published_file(url: str, *, name: str, setting: str) -> Path:
    """Return the file of published weights in torch hub's cache, downloading it if it is missing.

    Raises InputError if that fails; ``setting`` is the one that takes weights.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    if path.is_file():
        return path
    try:
        if not reachable(url):
            raise ConnectionError(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        hash_prefix = path.stem.rpartition("-")[2]  # torchvision's files are called NAME-HASH.pth
        torch.hub.download_url_to_file(url, str(path), hash_prefix, progress=False)
    except (OSError, RuntimeError) as error:
        raise InputError(
            name,
            "published weights are not on this machine, and the download failed",
            f"set `{setting}` to a local copy of {path.name}, or to {RANDOM}",
        ) from error
    return path
