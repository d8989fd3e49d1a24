"""Convolutions in layouts that are fast on processors, and matrix products as convolutions."""

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmtool.encoders.kernels.packed_linear import pack_linear_layers

Model = TypeVar("Model", bound=nn.Module)

# A 1 × 1 kernel computes the same whatever its dilation. But with a single thread, torch uses a matrix
# product of its own for an undilated one, which takes longer than oneDNN's.
NO_OP_DILATION = (2, 2)


def optimised(model: Model) -> Model:
    """The same model, with layers that are fast on processors even in a single thread."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1) and not module.weight.is_cuda:
            module.dilation = NO_OP_DILATION
    pack_linear_layers(model)
    if any(parameter.dim() == 5 for parameter in model.parameters()):
        return model  # convolutions over time as well, which have no such format
    return model.to(memory_format=torch.channels_last)


def multiply(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``rows`` (n, I) times ``weight`` (O, I), plus ``bias`` (O,): (n, O).

    On a CPU it is a 1 × 1 convolution; GPUs have a matrix product for it.
    """
    if rows.is_cuda:
        return functional.linear(rows, weight, bias)
    pixels = rows[None, None].permute(0, 3, 1, 2)  # (1, I, 1, n), channels last
    products = functional.conv2d(pixels, weight[..., None, None], bias, dilation=NO_OP_DILATION)
    return products.permute(0, 2, 3, 1)[0, 0]
