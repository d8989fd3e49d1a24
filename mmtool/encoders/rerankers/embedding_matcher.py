"""Rerankers that also have a dual encoder: vectors of frames and of texts in one space."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from mmtool.encoders.contract import Frame
from mmtool.encoders.precision import exact_fp32
from mmtool.encoders.rerankers.frame_matcher import FrameMatcher
from mmtool.encoders.tokens.batches import Rows, padded_batches
from mmtool.retrieval.contract import Embeddings


class EmbeddingMatcher(FrameMatcher):
    """A reranker whose clips and texts have embeddings; a clip's is the mean of its frames'."""

    embeds: ClassVar[bool] = True

    @torch.inference_mode()
    def frame_features(self, frames: Sequence[Frame]) -> Embeddings:
        """Features (B, E) of frames of any sizes; a clip's embedding is their mean, scaled to unit length."""
        found = np.zeros((len(frames), self._width()), np.float32)
        for row, tokens in enumerate(self._encoded(frames)[0]):
            with exact_fp32(self._device):
                found[row] = self._frame_features(tokens).float().cpu().numpy()
        return found

    def _width(self) -> int:
        return self.vectors * self._text_width()

    @torch.inference_mode()
    def _embed_clips(self, tokens: Sequence[Tensor], frames: Sequence[int]) -> Embeddings:
        found = np.zeros((len(tokens), self._width()), np.float32)
        with exact_fp32(self._device):
            for clip, (own, count) in enumerate(zip(tokens, frames, strict=True)):
                of_frames = [self._frame_features(each).float() for each in own.chunk(count)]
                vectors = torch.stack(of_frames).mean(dim=0).view(self.vectors, -1)
                found[clip] = normalize(vectors, dim=-1).flatten().cpu().numpy()
        return found

    def _embedder(self) -> Callable[[Rows], Embeddings]:
        return self._embed_texts

    @torch.inference_mode()
    def _embed_texts(self, rows: Rows) -> Embeddings:
        found: Embeddings = np.zeros((len(rows), self._text_width()), np.float32)
        with exact_fp32(self._device):
            for batch in padded_batches(rows, batch_size=self._batch_size, device=self._device):
                unit = normalize(self._text_features([rows[index] for index in batch]).float(), dim=-1)
                found[batch] = unit.cpu().numpy()
        return found

    @abstractmethod
    def _text_width(self) -> int:
        """The dimension of a text's embedding."""

    @abstractmethod
    def _text_features(self, rows: Rows) -> Tensor:
        """The features (b, E) of texts, of any length."""

    @abstractmethod
    def _frame_features(self, tokens: Tensor) -> Tensor:
        """The features (E,) of a frame by its visual tokens (V, D)."""
