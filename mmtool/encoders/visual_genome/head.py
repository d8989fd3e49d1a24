"""A fast region head of bottom-up attention: layer 4 over many regions of one frame.

It computes what :meth:`VisualGenomeNetwork.region_features` does. All tensors are rows of channels, one row
for each place of each region. The first matrix products are computed once for each distinct bin, and the
3 × 3 convolutions are products of Fourier transforms.
"""

from typing import Any

import torch
from torch import Tensor

from mmtool.encoders.kernels.convolutions import multiply
from mmtool.encoders.kernels.dilated_convolution import DilatedConvolution, split_by_parity
from mmtool.encoders.kernels.region_bins import pool_bins
from mmtool.encoders.kernels.workspace import Workspace
from mmtool.encoders.visual_genome.network import STRIDE, VisualGenomeNetwork

REGIONS_AT_ONCE = 150  # more take too much memory, fewer load the convolutions' weights too often
ROWS_AT_ONCE = 3000  # of 2048 channels: more do not fit into the processor's caches


class RegionHead:
    """Features of regions by layer 4 of a network whose batch norms are folded into its convolutions."""

    def __init__(self, network: VisualGenomeNetwork, side: int, dtype: torch.dtype) -> None:
        """``side`` is that of the pooled regions, an even number; ``dtype`` is the precision of products.

        Processors do not multiply fp16: there, inputs are rounded to fp16 and everything else is fp32.
        """
        lacks_products = dtype is torch.float16 and not network.cell_anchors.is_cuda
        self._side, self._input_dtype = side, dtype
        self._dtype = torch.float32 if lacks_products else dtype
        self._workspace = Workspace()
        blocks: Any = network.layer4
        self._shortcut = self._matrix(blocks[0].downsample[0])
        self._narrowing = [self._matrix(block.conv1) for block in blocks]
        self._spreading = [
            DilatedConvolution(block.conv2.weight, block.conv2.bias, side, self._dtype, self._workspace)
            for block in blocks
        ]
        self._widening = [self._matrix(block.conv3) for block in blocks]

    def __call__(self, maps: Tensor, boxes: Tensor) -> Tensor:
        """Features (R, D) in fp32 of boxes (R, 4) of one frame, whose maps are (1, C, h, w)."""
        bins = pool_bins(maps, boxes, self._side, 1 / STRIDE)
        values = bins.values.to(self._input_dtype).to(self._dtype)
        narrow = multiply(values, *self._narrowing[0]).relu_()  # (U, D / 4)
        wide = multiply(values, *self._shortcut)  # (U, D)
        parts = torch.split(bins.places, REGIONS_AT_ONCE)
        return torch.cat([self._features(narrow, wide, split_by_parity(places)) for places in parts])

    def _features(self, narrow_bins: Tensor, wide_bins: Tensor, places: Tensor) -> Tensor:
        """The features (R, D) of R regions, whose ``places`` (n², R, 4) are indices of bins."""
        narrow = self._gathered("narrow", narrow_bins, places)  # (n² · R · 4, D / 4)
        wide = self._gathered("wide", wide_bins, places)  # (n² · R · 4, D)
        for spreading, widening, narrowing in zip(
            self._spreading, self._widening, [*self._narrowing[1:], None], strict=True
        ):
            spreading.apply_(narrow.view(len(places), -1, narrow.shape[1]))
            for thin, thick in zip(
                torch.split(narrow, ROWS_AT_ONCE), torch.split(wide, ROWS_AT_ONCE), strict=True
            ):
                thick.add_(multiply(thin, *widening)).relu_()
                if narrowing is not None:
                    thin.copy_(multiply(thick, *narrowing).relu_())
        by_place = wide.view(len(places), -1)  # (n², R · 4 · D)
        by_parity = by_place.sum(dim=0, dtype=torch.float32).view(*places.shape[1:], -1)  # (R, 4, D)
        return by_parity.sum(dim=1) / self._side**2

    def _gathered(self, name: str, bins: Tensor, places: Tensor) -> Tensor:
        rows = self._workspace.take(name, (places.numel(), bins.shape[1]), like=bins)
        return torch.index_select(bins, 0, places.flatten(), out=rows)

    def _matrix(self, convolution: Any) -> tuple[Tensor, Tensor]:
        """Weight (O, I) and bias (O,) of a 1 × 1 convolution."""
        return convolution.weight.flatten(1).to(self._dtype), convolution.bias.to(self._dtype)
