"""Convolution of messages with densities of durations, as products of matrices."""

import numpy as np

from mmtool.arrays import Floats

_SMALLEST_BLOCK = 16  # grid times
_GREATEST_EXPONENT = {4: 80.0, 8: 300.0}  # of a gain within one block, by bytes of precision


class Convolution:
    """``out[r, s, x] = Σ_n scores[r, s, x − n] · kernel[r, n]`` for a kernel (R or 1, D), block by block.

    With a ``gain`` (X,), each term is multiplied by ``exp(gain[x] − gain[x − n])``, what a snippet that lasts
    from ``x − n`` to ``x`` collects.
    """

    def __init__(self, kernel: Floats) -> None:
        rates, self.reach = kernel.shape
        self.block = max(self.reach // 2, _SMALLEST_BLOCK)
        self.width = self.block + self.reach - 1
        strip = np.zeros((rates, self.width + self.block), dtype=kernel.dtype)
        strip[:, self.width - self.reach : self.width] = kernel
        windows = np.lib.stride_tricks.sliding_window_view(strip, self.block, axis=1)
        # toeplitz[r, w, b] = kernel[r, b + reach − 1 − w], 0 outside of the kernel
        self.toeplitz = np.ascontiguousarray(windows[:, self.width - 1 :: -1])

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
        windows: Floats = np.lib.stride_tricks.sliding_window_view(padded, self.width, axis=-1)
        return windows[..., :: self.block, :]

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
