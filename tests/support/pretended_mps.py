"""A pretended GPU of Apple: what ``mps`` refuses, and operators that this version of torch has no kernel for.

Which operators have one is read from torch's own table, which its wheel contains.
"""

from functools import cache
from pathlib import Path
from unittest.mock import patch

import torch
import torchgen
import yaml
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

from support.pretended_cuda import GPU, DeviceError, GpuTensor, PretendedCuda

MPS = torch.device("mps")
REFUSED = {torch.float64, torch.complex64, torch.complex128}  # complex64 is there since macOS 14
OWN_KERNEL = ("aten::_scaled_dot_product", "aten::_fused_sdp_choice")  # attention has one of its own there


class MpsTensor(GpuTensor):
    """A tensor that claims to be on the GPU of Apple."""

    claims = MPS


class PretendedMps(PretendedCuda):
    """Within this block there is one GPU, of Apple.

    Attributes:
        lacking: The operators that ran on it although this version of torch has no kernel for them.
        seen: All operators that ran on it.
    """

    tensor = MpsTensor

    def __init__(self):
        super().__init__()
        self.seen, self.lacking = set(), set()

    def __enter__(self):
        entered = super().__enter__()
        self._patches.enter_context(AsCuda())
        for target, name, value in (
            (torch.cuda, "is_available", lambda: False),
            (torch.backends.mps, "is_available", lambda: True),
        ):
            self._patches.enter_context(patch.object(target, name, value))
        return entered

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        result = super().__torch_dispatch__(operator, types, args, kwargs)
        there = [leaf for leaf in tree_leaves(result) if isinstance(leaf, MpsTensor)]
        for tensor in there:
            if tensor.dtype in REFUSED:
                raise DeviceError(f"mps has no {tensor.dtype}, which {operator} returns")
        if there:
            name = operator.name()
            self.seen.add(name)
            if name not in kernels() and not name.startswith(OWN_KERNEL):
                self.lacking.add(name)
        return result


class AsCuda(TorchFunctionMode):
    """Names the pretended GPU as torch knows it: this build of torch cannot be asked for ``mps``."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is torch.device:
            return function(*args, **(kwargs or {}))
        return function(*tree_map(_as_cuda, args), **tree_map(_as_cuda, kwargs or {}))


def _as_cuda(value):
    return GPU if isinstance(value, str | torch.device) and str(value) == "mps" else value


@cache
def kernels() -> frozenset[str]:
    """Operators of torch with a kernel for mps, or one that is made of others."""
    path = Path(torchgen.__file__).parent / "packaged" / "ATen" / "native" / "native_functions.yaml"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    rows = {_name(row["func"]): row for row in yaml.load(path.read_text(encoding="utf-8"), loader)}  # noqa: S506
    return frozenset(f"aten::{name}" for name in rows if _is_there(name, rows))


def _name(signature: str) -> str:
    return signature.partition("(")[0]


def _is_there(name, rows) -> bool:
    row = rows[name]
    if "structured_delegate" in row:
        return _is_there(row["structured_delegate"], rows)
    dispatch = row.get("dispatch")
    if dispatch is None:
        return True  # made of others
    backends = {backend.strip() for keys in dispatch for backend in keys.split(",")}
    return bool(backends & {"MPS", "CompositeExplicitAutograd", "CompositeImplicitAutograd"}) or any(
        backend.startswith("CompositeExplicitAutograd") for backend in backends
    )
