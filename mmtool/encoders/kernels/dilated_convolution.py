"""3 × 3 convolutions of dilation 2 over many small maps, as products of Fourier transforms.

A map of an even side S falls into four of side n = S / 2 by the parity of rows and columns, none of which
sees another; on each the convolution is an ordinary one with a border of zeros. Such a one is cyclic
over n + 1 rows and columns, the last of which are zeros, and so a product at each frequency. Frequencies
of real numbers come in conjugate pairs, of which one is computed, with Gauss' three real products instead of
four. At S = 14 that makes 94 products of channels for 49 places instead of 441. Winograd's
short forms need more of them at the same precision.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmtool.encoders.kernels.linear import pointwise
from mmtool.encoders.kernels.workspace import Workspace

Reals = NDArray[np.float64]


def split_by_parity(maps: Tensor) -> Tensor:
    """(R, S, S) to (n², R, 4): places within a map of one parity, maps, parities of row and column."""
    count, side, _ = maps.shape
    split = maps.view(count, side // 2, 2, side // 2, 2)
    return split.permute(1, 3, 0, 2, 4).reshape(-1, count, 4)


@dataclass(frozen=True, slots=True)
class Transforms:
    """Of maps x of ``n`` × ``n`` places under kernels w: ``synthesis`` ((``kernel`` w) · (``analysis`` x)).

    ``analysis`` (F, n²), ``kernel`` (F, 9) and ``synthesis`` (n², F) are of float64.
    """

    analysis: Tensor
    kernel: Tensor
    synthesis: Tensor


def transforms(n: int) -> Transforms:
    """The three for a convolution of 3 × 3 (as networks have it, a correlation) with a border of zeros.

    The product of a + bi and c + di is made of p = (a + b) c, q = a (d − c) and r = b (c + d): it is
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
    forth, weights, back_again = (torch.from_numpy(np.stack(rows)) for rows in (analysis, kernel, synthesis))
    return Transforms(forth, weights, back_again.T)


def _waves(u: int, v: int, period: int, places: range) -> NDArray[np.complex128]:
    """exp(−2πi (u·y + v·x) / period) at the places (y, x), row by row."""
    y, x = np.meshgrid(places, places, indexing="ij")
    waves: NDArray[np.complex128] = np.exp(-2j * np.pi * (u * y + v * x) / period).ravel()
    return waves


class DilatedConvolution:
    """A convolution of 3 × 3 with dilation 2 and padding 2, as many channels out as in, and a ReLU."""

    def __init__(
        self, weight: Tensor, bias: Tensor, side: int, dtype: torch.dtype, workspace: Workspace
    ) -> None:
        """``weight`` (C, C, 3, 3), ``bias`` (C,); ``side`` is that of the maps, and even."""
        matrices = transforms(side // 2)
        taps = weight.double().flatten(2).permute(2, 0, 1)  # (9, C, C), outputs first
        self._weight = torch.tensordot(matrices.kernel.to(taps), taps, dims=1).to(dtype)  # (F, C, C)
        self._analysis = matrices.analysis.to(self._weight)
        self._synthesis = matrices.synthesis.to(self._weight)
        self._bias = bias.to(dtype)
        self._workspace = workspace

    def apply_(self, maps: Tensor) -> None:
        """Convolve maps (n², 4R, C), R · S · S places as :func:`split_by_parity` has them, in place."""
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
        """At each of F frequencies (4R, C) by (C, C)."""
        if spectrum.is_cuda or spectrum.dtype != torch.float32:
            torch.bmm(spectrum, self._weight.mT, out=products)
        else:  # torch's own products of matrices in fp32 use half of what other processors than Intel's have
            for one, weight, result in zip(spectrum, self._weight, products, strict=True):
                result.copy_(pointwise(one, weight))
