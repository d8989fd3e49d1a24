"""3 × 3 convolutions of dilation 2 over many small maps, as products of Fourier transforms.

A map of an even side S splits into four maps of side n = S / 2 by the parity of rows and columns, which do
not see each other. On each of them, the convolution is an ordinary one with a border of zeros. With one more
row and column of zeros it is cyclic, and therefore a product at each of (n + 1)² frequencies. The frequencies
of real numbers come in conjugate pairs, only one of which is computed, with Gauss' three real products
instead of four. At S = 14 this takes 94 products of channels for 49 places instead of 441. Winograd's short
convolutions would need more of them at the same precision.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmtool.encoders.kernels.convolutions import multiply
from mmtool.encoders.kernels.workspace import Workspace

Reals = NDArray[np.float64]


def split_by_parity(maps: Tensor) -> Tensor:
    """(R, S, S) to (n², R, 4): places in a map of one parity, maps, parities of row and column."""
    count, side, _ = maps.shape
    split = maps.view(count, side // 2, 2, side // 2, 2)
    return split.permute(1, 3, 0, 2, 4).reshape(-1, count, 4)


@dataclass(frozen=True, slots=True)
class Transforms:
    """Matrices that convolve maps x with kernels w: ``synthesis`` ((``kernel`` w) · (``analysis`` x)).

    ``analysis`` (F, n²), ``kernel`` (F, 9) and ``synthesis`` (n², F) are float64.
    """

    analysis: Tensor
    kernel: Tensor
    synthesis: Tensor


def transforms(n: int) -> Transforms:
    """The matrices of a 3 × 3 convolution (a correlation, as in networks) with a border of zeros.

    The product of a + bi and c + di is made from p = (a + b) c, q = a (d − c) and r = b (c + d): it is
    (p − r) + (p + q) i.
    """
    period = n + 1
    analysis: list[Reals] = []
    kernel: list[Reals] = []
    synthesis: list[Reals] = []
    for u, v in product(range(period), repeat=2):
        conjugate = (-u % period, -v % period)
        place = _waves(u, v, period, range(n))
        tap = _waves(u, v, period, range(-1, 2)).conj()
        back = place.conj() / period**2
        if conjugate == (u, v):
            analysis += [place.real]
            kernel += [tap.real]
            synthesis += [back.real]
        elif conjugate > (u, v):
            analysis += [place.real + place.imag, place.real, place.imag]
            kernel += [tap.real, tap.imag - tap.real, tap.real + tap.imag]
            synthesis += [2 * (back.real - back.imag), -2 * back.imag, -2 * back.real]
    matrices = [torch.from_numpy(np.stack(rows)) for rows in (analysis, kernel, synthesis)]
    return Transforms(matrices[0], matrices[1], matrices[2].T)


def _waves(u: int, v: int, period: int, places: range) -> NDArray[np.complex128]:
    """exp(−2πi (u·y + v·x) / period) at the places (y, x), row by row."""
    y, x = np.meshgrid(places, places, indexing="ij")
    waves: NDArray[np.complex128] = np.exp(-2j * np.pi * (u * y + v * x) / period).ravel()
    return waves


class DilatedConvolution:
    """A 3 × 3 convolution with dilation 2 and padding 2, as many output as input channels, and a ReLU."""

    def __init__(
        self, weight: Tensor, bias: Tensor, side: int, dtype: torch.dtype, workspace: Workspace
    ) -> None:
        """``weight`` (C, C, 3, 3), ``bias`` (C,); ``side`` is the even side of the maps."""
        matrices = transforms(side // 2)
        taps = weight.double().flatten(2).permute(2, 0, 1)  # (9, C, C), outputs first
        self._weight = torch.tensordot(matrices.kernel.to(taps), taps, dims=1).to(dtype)  # (F, C, C)
        self._analysis = matrices.analysis.to(self._weight)
        self._synthesis = matrices.synthesis.to(self._weight)
        self._bias = bias.to(dtype)
        self._workspace = workspace

    def apply_(self, maps: Tensor) -> None:
        """Convolve maps (n², 4R, C), in the order of :func:`split_by_parity`, in place."""
        places, count, channels = maps.shape
        shape = (len(self._weight), count, channels)
        spectrum, products = (
            self._workspace.take(name, shape, like=maps) for name in ("spectrum", "products")
        )
        torch.mm(self._analysis, maps.view(places, -1), out=spectrum.view(len(spectrum), -1))
        self._multiply(spectrum, products)
        biases = self._bias.repeat(count)  # (4R · C,)
        flat = maps.view(places, -1)
        torch.addmm(biases, self._synthesis, products.view(len(products), -1), out=flat)
        flat.relu_()

    def _multiply(self, spectrum: Tensor, products: Tensor) -> None:
        """Multiply (4R, C) by (C, C) at each of F frequencies."""
        if spectrum.is_cuda or spectrum.dtype != torch.float32:
            torch.bmm(spectrum, self._weight.mT, out=products)
        else:  # in fp32, torch's own batched product is slow on processors that are not Intel's
            for one, weight, result in zip(spectrum, self._weight, products, strict=True):
                result.copy_(multiply(one, weight))
