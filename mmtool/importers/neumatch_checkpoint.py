"""The checkpoints of the published program: ``{'model_state_dict': …, 'epoch': …}``.

The tensors are those of our network, in the same layout and gate order, under other names.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from mmtool.choices import Inputs, Normalisation
from mmtool.errors import InputError
from mmtool.formats.atomic import replacing
from mmtool.formats.checkpoints import read_plain

Tensors = dict[str, Tensor]

STACKS = {  # theirs → ours
    "vrnn": "video_stack.layers",
    "srnn": "text_stack.layers",
    "arnn": "action_stack",
    "mrnn": "matched_stack",
}
LAYERS = {"layer1": "first", "layer2": "second"}
PLAIN = {name: f"lstm.{name}_l0" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
LAYER_NORM = {
    "weight_ih": "weight_ih",
    "weight_hh": "weight_hh",
    **{
        f"layernorm_{theirs}.{part}": f"norm_{ours}.{part}"
        for theirs, ours in (("i", "input"), ("h", "hidden"), ("c", "cell"))
        for part in ("weight", "bias")
    },
}
BATCH_NORMS = {"VideoStackBN": "video_stack.norm.norm", "TextStackBN": "text_stack.norm.norm"}
BATCH_NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
PARALLEL = "module."  # the prefix that DataParallel adds to every name
REMEDY = "give a checkpoint that the authors' program saved"


@dataclass(frozen=True, slots=True)
class NeumatchCheckpoint:
    """One file: its tensors by the authors' names, and its epoch as they count it."""

    tensors: Tensors
    epoch: int


@dataclass(frozen=True, slots=True)
class NeumatchShape:
    """The network of a file, as its names and shapes show."""

    inputs: Inputs
    normalisation: Normalisation
    video_dimension: int
    text_dimension: int
    actions: int


def read_neumatch_checkpoint(path: Path) -> NeumatchCheckpoint:
    """Read tensors only, no pickled code; raises InputError for a missing, corrupt or foreign file."""
    if not path.is_file():
        raise InputError(path, "no such file", REMEDY)
    content = read_plain(path, InputError(path, "is not a valid file of tensors", REMEDY))
    if not isinstance(content, dict) or not isinstance(content.get("model_state_dict"), dict):
        raise InputError(path, "has no 'model_state_dict'", REMEDY)
    epoch = content.get("epoch")
    if not isinstance(epoch, int):
        raise InputError(path, "has no 'epoch'", REMEDY)
    tensors = content["model_state_dict"]
    for name, tensor in tensors.items():
        if not (isinstance(name, str) and isinstance(tensor, Tensor) and _is_plain(tensor)):
            raise InputError(path, f"{name!r} of its 'model_state_dict' is not a plain tensor", REMEDY)
    if tensors and all(name.startswith(PARALLEL) for name in tensors):
        tensors = {name.removeprefix(PARALLEL): tensor for name, tensor in tensors.items()}
    return NeumatchCheckpoint(dict(tensors), epoch)


def _is_plain(tensor: Tensor) -> bool:
    return tensor.layout is torch.strided and not tensor.is_nested and not tensor.is_meta


def write_neumatch_checkpoint(path: Path, checkpoint: NeumatchCheckpoint) -> None:
    """Write atomically what :func:`read_neumatch_checkpoint` reads."""
    content = {"model_state_dict": checkpoint.tensors, "epoch": checkpoint.epoch}
    with replacing(path) as part, part.open("wb") as file:
        try:
            torch.save(content, file)
        except RuntimeError as error:  # torch's zip writer reports a full disk this way
            raise OSError(str(error).splitlines()[0]) from error


def names(inputs: Inputs, normalisation: Normalisation) -> dict[str, str]:
    """Every tensor of a network: the authors' name → ours."""
    full = inputs is Inputs.FULL
    pairs: dict[str, str] = {}
    for letter, encoder, layers in (("s", "text_encoder", 1), ("v", "video_encoder", 2)):
        for number in range(layers + full):
            parts = ("weight",) if full and number == 0 else ("weight", "bias")
            pairs |= {f"encoder.{letter}fc{number + 1}.{p}": f"{encoder}.{number}.0.{p}" for p in parts}
    layer_normed = {
        Normalisation.LN2: ("vrnn", "srnn"),
        Normalisation.LN4: tuple(STACKS),
    }.get(normalisation, ())
    for stack, our_stack in STACKS.items():
        cell = LAYER_NORM if stack in layer_normed else PLAIN
        for layer, our_layer in LAYERS.items():
            pairs |= {f"{stack}_{layer}.{p}": f"{our_stack}.{our_layer}.{q}" for p, q in cell.items()}
    if normalisation is Normalisation.SBN:
        pairs |= {f"{norm}.{p}": f"{ours}.{p}" for norm, ours in BATCH_NORMS.items() for p in BATCH_NORM}
    for theirs, ours in (("f1", "classifier.0.0"), ("f2", "classifier.1")):
        pairs |= {f"{theirs}.{p}": f"{ours}.{p}" for p in ("weight", "bias")}
    return pairs


def read_shape(path: Path, tensors: Mapping[str, Tensor]) -> NeumatchShape:
    """Detect the variant from the names, and its widths from the shapes.

    Raises InputError that names the first tensor that is missing or that this variant does not have.
    """
    inputs, normalisation = _inputs(tensors), _normalisation(tensors)
    require_names(path, tensors, names(inputs, normalisation), REMEDY)
    return NeumatchShape(
        inputs,
        normalisation,
        video_dimension=_matrix_shape(path, tensors, "encoder.vfc1.weight")[1],
        text_dimension=_matrix_shape(path, tensors, "encoder.sfc1.weight")[1],
        actions=_matrix_shape(path, tensors, "f2.weight")[0],
    )


def _inputs(present: Iterable[str]) -> Inputs:
    full = any(name.startswith(("encoder.sfc2.", "encoder.vfc3.")) for name in present)
    return Inputs.FULL if full else Inputs.RP


def _normalisation(present: Iterable[str]) -> Normalisation:
    layer_normed = {name.split("_")[0] for name in present if ".layernorm_" in name}
    if layer_normed:
        return Normalisation.LN4 if layer_normed & {"arnn", "mrnn"} else Normalisation.LN2
    if any(name.startswith(tuple(BATCH_NORMS)) for name in present):
        return Normalisation.SBN
    return Normalisation.NONE


def require_names(path: Path, tensors: Mapping[str, Tensor], wanted: Iterable[str], remedy: str) -> None:
    """Raise InputError unless the tensors are exactly those ``wanted``."""
    expected = list(wanted)
    for name in expected:
        if name not in tensors:
            raise InputError(path, f"has no tensor {name!r}", remedy)
    for name in tensors:
        if name not in expected:
            raise InputError(path, f"has a tensor {name!r}, which this network does not have", remedy)


def _matrix_shape(path: Path, tensors: Mapping[str, Tensor], name: str) -> tuple[int, int]:
    tensor = tensors[name]
    if tensor.ndim != 2 or not tensor.numel():
        raise InputError(path, f"{name} is {_described(tensor)}, not a matrix", REMEDY)
    return tensor.shape[0], tensor.shape[1]


def require_shapes(path: Path, tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    """Raise InputError for the first tensor whose shape or type differs, or that is not finite."""
    for name, like in wanted.items():
        tensor = tensors[name]
        if (tensor.shape, tensor.dtype) != (like.shape, like.dtype):
            raise InputError(path, f"{name} is {_described(tensor)}, not {_described(like)}", REMEDY)
        if not tensor.isfinite().all():
            raise InputError(path, f"{name} is not finite", "give a checkpoint from before training diverged")


def _described(tensor: Tensor) -> str:
    """``300×638 float32``."""
    kind = str(tensor.dtype).removeprefix("torch.")
    return f"{'×'.join(map(str, tensor.shape)) or 'a single'} {kind}"


def renamed(tensors: Mapping[str, Tensor], pairs: Mapping[str, str]) -> Tensors:
    """Copies of the tensors of ``pairs``, {old name: new name}; each has memory of its own."""
    return {
        new: tensors[old].detach().clone(memory_format=torch.contiguous_format) for old, new in pairs.items()
    }
