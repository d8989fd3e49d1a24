"""Batches of clips and snippets as the matcher reads them, padded to the same number of tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BOX = 6  # x1, y1, x2, y2, width, height, as shares of the frame


@dataclass(frozen=True, slots=True)
class ClipInput:
    """The R tokens of one clip: regions, frames, or the clip as a whole.

    Attributes:
        features: (R, D).
        boxes: (R, 6): x1, y1, x2, y2, width and height as shares of the frame; zeros where a token is a
            whole clip.
        cells: (R, 2): row and column of a patch, or 0 and the number of the frame.
        times: (R,): when in the clip its frame is, 0 at its start, 1 at its end.
    """

    features: NDArray[np.float32]
    boxes: NDArray[np.float32]
    cells: NDArray[np.int64]
    times: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ClipBatch:
    """B clips, padded: features (B, R, D), boxes (B, R, 6), cells (B, R, 2), times (B, R), real (B, R)."""

    features: Tensor
    boxes: Tensor
    cells: Tensor
    times: Tensor
    real: Tensor

    def to(self, device: torch.device) -> "ClipBatch":
        return ClipBatch(
            self.features.to(device),
            self.boxes.to(device),
            self.cells.to(device),
            self.times.to(device),
            self.real.to(device),
        )

    def __getitem__(self, rows: Tensor) -> "ClipBatch":
        return ClipBatch(
            self.features[rows], self.boxes[rows], self.cells[rows], self.times[rows], self.real[rows]
        )

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True, slots=True)
class TextBatch:
    """M snippets, padded: ids (M, W), or states of words (M, W, E), and which are real (M, W).

    The first token of each stands for the snippet as a whole.
    """

    words: Tensor
    real: Tensor

    def to(self, device: torch.device) -> "TextBatch":
        return TextBatch(self.words.to(device), self.real.to(device))

    def __getitem__(self, rows: Tensor) -> "TextBatch":
        return TextBatch(self.words[rows], self.real[rows])

    def __len__(self) -> int:
        return len(self.words)


Words = Sequence[int] | NDArray[np.float32]
"""A snippet's tokens: their ids (W,), or their states (W, E)."""


def pad_clips(clips: Sequence[ClipInput]) -> ClipBatch:
    """Stack clips; a batch has at least one token, and padding is zero."""
    most = max(1, *(len(clip.features) for clip in clips))
    count = len(clips)
    features = np.zeros((count, most, clips[0].features.shape[1]), np.float32)
    boxes, cells = np.zeros((count, most, BOX), np.float32), np.zeros((count, most, 2), np.int64)
    times, real = np.zeros((count, most), np.float32), np.zeros((count, most), bool)
    for row, clip in enumerate(clips):
        size = len(clip.features)
        features[row, :size], boxes[row, :size], cells[row, :size] = clip.features, clip.boxes, clip.cells
        times[row, :size], real[row, :size] = clip.times, True
    return ClipBatch(*map(torch.from_numpy, (features, boxes, cells, times, real)))


def pad_texts(texts: Sequence[Words]) -> TextBatch:
    """Stack snippets; padding is zero."""
    arrays = [np.asarray(text) for text in texts]
    most = max(len(array) for array in arrays)
    words = np.zeros((len(arrays), most, *arrays[0].shape[1:]), arrays[0].dtype)
    real = np.zeros((len(arrays), most), bool)
    for row, array in enumerate(arrays):
        words[row, : len(array)], real[row, : len(array)] = array, True
    return TextBatch(torch.from_numpy(words), torch.from_numpy(real))
