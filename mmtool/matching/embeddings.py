"""Tokens of clips and of snippets → the states that enter the first block."""

import torch
from torch import Tensor, nn

from mmtool.matcher_choices import ClipTokens
from mmtool.matching.blocks import EPS
from mmtool.matching.inputs import BOX, ClipBatch, TextBatch
from mmtool.matching.shape import MatcherShape

TIME = 8  # sines and cosines of a frame's time in its clip


class ClipEmbedding(nn.Module):
    """[CLS] and the tokens of a clip: W · features, plus where they are in the frame and when, plus a type.

    The features of regions and frames are normalised after W, which stands for the last layer of a vision
    encoder; patches of pixels are not, as in VLMo, whose strided convolution W is.
    """

    def __init__(self, shape: MatcherShape) -> None:
        super().__init__()
        width = shape.width
        self.cls = nn.Parameter(torch.zeros(width))
        self.modality = nn.Parameter(torch.zeros(width))
        self.content = nn.Linear(shape.clip_dimension, width)
        patches = shape.patches
        self.norm = nn.Identity() if patches else nn.LayerNorm(width, eps=EPS)
        has_boxes = shape.clip_tokens is ClipTokens.REGIONS and not patches
        self.box = nn.Linear(BOX, width, bias=False) if has_boxes else None
        self.time = None if patches else nn.Linear(TIME, width, bias=False)
        self._columns = shape.grid[1]
        absolute = patches and not shape.relative
        rows = shape.grid[0] * shape.grid[1] + 1
        self.positions = nn.Parameter(torch.zeros(rows, width)) if absolute else None
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, clips: ClipBatch, kept: Tensor | None = None) -> Tensor:
        """Clips of R tokens → (B, 1 + R, d).

        Args:
            clips: The clips.
            kept: (B, R): the share of each token's content that is left by a soft mask; its place, time and
                type are not masked.
        """
        states = self.norm(self.content(clips.features))  # (B, R, d)
        if kept is not None:
            states = states * kept[..., None].to(states.dtype)
        if self.box is not None:
            states = states + self.box(clips.boxes)
        if self.time is not None:
            states = states + self.time(_waves(clips.times))
        states = torch.cat([self.cls.to(states.dtype).expand(len(clips), 1, -1), states], dim=1)
        if self.positions is not None:
            cells = 1 + clips.cells[..., 0] * self._columns + clips.cells[..., 1]  # (B, R)
            cells = torch.cat([torch.zeros_like(cells[:, :1]), cells], dim=1)
            states = states + self.positions[cells]
        found: Tensor = self.dropout(states + self.modality)
        return found


def _waves(times: Tensor) -> Tensor:
    """Times (B, R), 0 to 1, → (B, R, 8): sines and cosines of half a wave, one, two and four a clip."""
    angles = times[..., None] * (torch.pi * 2 ** torch.arange(TIME // 2, device=times.device))
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


class TextEmbedding(nn.Module):
    """The words of a snippet: a row of a table, or W · a stored state, normalised; plus a type."""

    def __init__(self, shape: MatcherShape) -> None:
        super().__init__()
        width = shape.width
        self.modality = nn.Parameter(torch.zeros(width))
        self.words = (
            nn.Linear(shape.word_dimension, width)
            if shape.word_dimension
            else nn.Embedding(shape.vocabulary, width)
        )
        self.positions = None if shape.relative else nn.Parameter(torch.zeros(shape.max_words, width))
        self.norm = nn.LayerNorm(width, eps=EPS)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, texts: TextBatch) -> Tensor:
        """Snippets of W tokens → (M, W, d)."""
        states = self.words(texts.words)
        if self.positions is not None:
            states = states + self.positions[: states.shape[1]]
        found: Tensor = self.dropout(self.norm(states)) + self.modality
        return found
