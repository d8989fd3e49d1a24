"""Convolution of messages with densities of durations, as products of matrices."""

from collections.abc import Sequence

import numpy as np

from mmtool.arrays import Floats

_SMALLEST_BLOCK = 16  # grid times
_GREATEST_EXPONENT = {4: 80.0, 8: 300.0}  # of a gain within one block, by bytes of precision


class Convolution:
    """``out[r, s, x] = Σ_n scores[r, s, x − n] · kernel[r, n]`` for a kernel (R or 1, D), block by block.

    With a ``gain`` (X,), each term is multiplied by ``exp(gain[x] − gain[x − n])``, what a snippet that lasts
    from ``x − n`` to ``x`` collects.
    """

    def __init__(self, kernel: Floats, *, toeplitz: Floats | None = None) -> None:
        self.reach = kernel.shape[-1]
        self.block = max(self.reach // 8, _SMALLEST_BLOCK)
        self.width = self.block + self.reach - 1
        self.toeplitz = self._toeplitz(kernel) if toeplitz is None else toeplitz

    @classmethod
    def each(cls, kernels: Floats) -> Sequence["Convolution"]:
        """A convolution for each of many kernels (many, R, D), prepared together."""
        toeplitz = cls(kernels).toeplitz
        return [cls(kernel, toeplitz=own) for kernel, own in zip(kernels, toeplitz, strict=True)]

    def _toeplitz(self, kernel: Floats) -> Floats:
        """``toeplitz[…, w, b] = kernel[…, b + reach − 1 − w]``, 0 outside of the kernel."""
        strip = np.zeros((*kernel.shape[:-1], self.width + self.block), dtype=kernel.dtype)
        strip[..., self.width - self.reach : self.width] = kernel
        shape = (*kernel.shape[:-1], self.width, self.block)
        step = strip.strides[-1]  # rows move to the left, columns to the right
        first = strip[..., self.width - 1 :]
        windows = np.lib.stride_tricks.as_strided(first, shape, (*strip.strides[:-1], -step, step))
        return np.ascontiguousarray(windows)

    def __call__(self, scores: Floats, gain: Floats | None = None) -> Floats:
        """Convolve scores (R, S, X)."""
        rates, sets, times = scores.shape
        blocks = -(-times // self.block)
        rows = self._windows(scores, blocks)  # (R, S, blocks, W)
        factors = None if gain is None else self._factors(gain, blocks)
        if factors is not None:
            rows = rows * factors[0]
        rows = np.ascontiguousarray(rows).reshape(rates, sets * blocks, self.width)
        if len(self.toeplitz) == 1:
            out = rows.reshape(-1, self.width) @ self.toeplitz[0]
        else:
            out = np.matmul(rows, self.toeplitz)
        out = out.reshape(rates, sets, blocks, self.block)
        if factors is not None:
            out *= factors[1]
        whole: Floats = out.reshape(rates, sets, blocks * self.block)[..., :times]
        return whole

    def back(self, scores: Floats, gain: Floats | None = None) -> Floats:
        """``out[r, s, x] = Σ_n scores[r, s, x + n] · kernel[r, n]``, times ``exp(gain[x + n] − gain[x])``."""
        reverse = None if gain is None else -gain[::-1]
        return self(scores[..., ::-1], reverse)[..., ::-1]

    def _windows(self, scores: Floats, blocks: int) -> Floats:
        """What each block of results depends on: ``reach − 1`` values before it, and those of the block."""
        padded = np.zeros((*scores.shape[:-1], blocks * self.block + self.reach - 1), dtype=scores.dtype)
        padded[..., self.reach - 1 : self.reach - 1 + scores.shape[-1]] = scores
        step = padded.strides[-1]
        return np.ndarray(
            (*scores.shape[:-1], blocks, self.width),
            padded.dtype,
            padded,
            strides=(*padded.strides[:-1], self.block * step, step),
        )

    def _factors(self, gain: Floats, blocks: int) -> tuple[Floats, Floats]:
        """``exp(−gain)`` of the windows (blocks, W) and ``exp(gain)`` of the results (blocks, block).

        Both are relative to the gain at the block's first result.
        """
        filled = np.pad(gain, (self.reach - 1, blocks * self.block - len(gain)), mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(filled, self.width)[:: self.block]
        first = windows[:, self.reach - 1 : self.reach]
        limit = _GREATEST_EXPONENT[gain.dtype.itemsize]
        into = np.exp(np.clip(first - windows, -limit, limit))
        out = np.exp(np.clip(windows[:, self.reach - 1 :] - first, -limit, limit))
        return into, out
