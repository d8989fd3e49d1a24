"""Word maps of rerankers whose words attend to patches: Grad-CAM of the logit of "match"."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmtool.encoders.precision import exact_fp32
from mmtool.encoders.rerankers.contract import ReadClips, ReadTexts
from mmtool.encoders.rerankers.frame_matcher import FrameMatcher
from mmtool.retrieval.contract import ClipStates, TextStates, WordMaps
from mmtool.retrieval.grad_cam import cam


class ExplainingMatcher(FrameMatcher):
    """A reranker that tells which patches of a clip's frames answer to which word."""

    explains: ClassVar[bool] = True

    def word_maps(self, clips: ClipStates, clip: int, texts: TextStates, text: int) -> WordMaps:
        """Grad-CAM of the match over the patches of a clip, for each word piece.

        Raises ValueError for a model of one layer, and for one that reads only some patches of a picture.
        """
        if not isinstance(clips, ReadClips) or not isinstance(texts, ReadTexts):
            raise TypeError("clips and texts that another model has read")
        tokens, count, row = clips.tokens[clip], clips.frames[clip], texts.rows[text]
        rows, columns = clips.grids[clip]
        each = rows * columns + 1  # and the token of the frame as a whole
        if len(tokens) != count * each:
            raise ValueError(f"{self.name} reads only some patches of a picture, and cannot explain pairs")
        with torch.enable_grad(), exact_fp32(self._device):
            attention, logit = self._attention(tokens.clone(), list(row), self.map_layer)
            (gradient,) = torch.autograd.grad(logit, attention)
        words = len(row)
        answers = cam(attention.detach()[..., :words, -len(tokens) :], gradient[..., :words, -len(tokens) :])
        by_frame = answers[0].view(words, count, each)
        inside = by_frame[1:-1, :, 1:].flatten(1)  # without the special words, and without whole frames
        return WordMaps(
            tuple(self._tokens.names(row)[1:-1]),
            inside.float().cpu().numpy(),
            np.repeat(np.arange(count), rows * columns),
            np.tile(_boxes(rows, columns), (count, 1)),
        )

    @property
    def map_layer(self) -> int:
        """The layer whose attention explains a match: two thirds up, as in ALBEF, but not the last.

        A match is read off the first token: in the last layer, no other word's attention has an effect.
        """
        layers = self._layers()
        if layers < 2:
            raise ValueError(f"{self.name} of a single layer cannot explain pairs")
        return min(2 * layers // 3, layers - 2)

    @abstractmethod
    def _layers(self) -> int:
        """The number of layers in which words attend to patches."""

    @abstractmethod
    def _attention(self, tokens: Tensor, row: list[int], layer: int) -> tuple[Tensor, Tensor]:
        """The attention (1, H, W or more, V or more) of a layer, and the logit of "match" that it leads to.

        Words are its first W rows, and visual tokens (V, D) its last V columns.
        """


def _boxes(rows: int, columns: int) -> NDArray[np.float32]:
    """The parts (rows · columns, 4) of a picture that its patches show, row by row, as shares."""
    top, left = np.divmod(np.arange(rows * columns), columns)
    sides = np.array([columns, rows, columns, rows], np.float32)
    found: NDArray[np.float32] = np.stack([left, top, left + 1, top + 1], axis=1).astype(np.float32) / sides
    return found
