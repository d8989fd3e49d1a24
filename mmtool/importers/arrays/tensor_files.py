"""Files of tensors that torch or safetensors saved; only tensors and plain values are loaded."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from mmtool.errors import InputError
from mmtool.formats.checkpoints import read_plain
from mmtool.formats.tensors import is_plain
from mmtool.importers.arrays.tree import Tree, UnreadableError, tree_of

REMEDY = "save a tensor, or a dictionary of tensors, with torch.save"


def read_tensors(path: Path) -> Tree:
    """The tensors of a file by their names; raises InputError."""
    damage = InputError(path, "holds something else than tensors and plain values, or is damaged", REMEDY)
    if path.suffix.lower() == ".safetensors":
        try:
            content: object = load_file(path)
        except Exception as error:  # whatever the parser raises on foreign bytes
            raise damage from error
    else:
        content = read_plain(path, damage)
    try:
        return tree_of(_plain(content, 0))
    except UnreadableError as error:
        raise InputError(path, str(error), REMEDY) from error


def _plain(value: Any, depth: int) -> Any:
    """The same value with arrays for tensors."""
    if isinstance(value, torch.Tensor):
        if not is_plain(value) or value.is_complex():
            raise UnreadableError(f"holds a tensor that is not dense ({value.layout}, {value.dtype})")
        value = value.detach().cpu()
        return (value.float() if value.is_floating_point() else value).numpy()
    if depth > 8 or not isinstance(value, dict | list | tuple):
        return value
    if isinstance(value, dict):
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    return [_plain(item, depth + 1) for item in value]
