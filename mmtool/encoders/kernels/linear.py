"""Convolutions and products of matrices in the layout, and by the kernels, that are fast on processors."""

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

Model = TypeVar("Model", bound=nn.Module)

# A kernel of 1 × 1 feels no dilation, but in a single thread torch would compute it by a product of its
# own, unless it is dilated; oneDNN's takes half the time.
NO_OP_DILATION = (2, 2)


class PackedLinear(nn.Linear):
    """A linear layer in fp32 by oneDNN, which keeps its weight in the layout that its products want.

    MKL brings the weight into such a layout for each product, and uses half of what other processors than
    Intel's have.
    """

    def __init__(self, linear: nn.Linear) -> None:
        """The parameters are those of ``linear``, not copies."""
        super().__init__(linear.in_features, linear.out_features, linear.bias is not None, device="meta")
        self.weight, self.bias = linear.weight, linear.bias
        self._packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach())

    def forward(self, input: Tensor) -> Tensor:
        """``input`` (…, I) to (…, O)."""
        if not input.numel() or input.dtype is not torch.float32:
            return super().forward(input)
        made: Tensor = torch.ops.mkldnn._linear_pointwise(input, self._packed, self.bias, "none", [], "")
        return made


def optimised(model: Model) -> Model:
    """The same model, whose convolutions and linear layers are fast on a processor, in single threads too."""
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1) and not module.weight.is_cuda:
            module.dilation = NO_OP_DILATION
        if type(module) is nn.Linear and name and _can_be_packed(module.weight):
            model.set_submodule(name, PackedLinear(module))
    return model.to(memory_format=torch.channels_last)


def _can_be_packed(weight: Tensor) -> bool:
    has_onednn: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return has_onednn and weight.device.type == "cpu" and weight.dtype is torch.float32


def pointwise(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``rows`` (n, I) times ``weight`` (O, I), plus ``bias`` (O,), as a convolution of 1 × 1: (n, O)."""
    pixels = rows[None, None].permute(0, 3, 1, 2)  # (1, I, 1, n), channels last
    dilation = 1 if rows.is_cuda else NO_OP_DILATION
    made = functional.conv2d(pixels, weight[..., None, None], bias, dilation=dilation)
    return made.permute(0, 2, 3, 1)[0, 0]
