"""Convolutions in the layout, and by the kernels, that are fast."""

from typing import TypeVar

from torch import Tensor, channels_last, nn
from torch.nn import functional

Model = TypeVar("Model", bound=nn.Module)

# A kernel of 1 × 1 feels no dilation, but in a single thread torch would compute it by a product of its
# own, unless it is dilated; oneDNN's takes half the time.
UNFELT_DILATION = (2, 2)


def quickened(model: Model) -> Model:
    """The same model, which from now on takes pictures in channels-last layout."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1) and not module.weight.is_cuda:
            module.dilation = UNFELT_DILATION
    return model.to(memory_format=channels_last)


def pointwise(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``rows`` (n, I) times ``weight`` (O, I), plus ``bias`` (O,), as a convolution of 1 × 1: (n, O)."""
    pixels = rows[None, None].permute(0, 3, 1, 2)  # (1, I, 1, n), channels last
    dilation = 1 if rows.is_cuda else UNFELT_DILATION
    made = functional.conv2d(pixels, weight[..., None, None], bias, dilation=dilation)
    return made.permute(0, 2, 3, 1)[0, 0]
