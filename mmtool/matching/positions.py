"""Relative positions: one learned table for all layers, added to the logits of attention.

As in VLMo's published code. The rows of the table are, for patches on a grid of h × w (or frames, a grid of
1 × K), (2h − 1)(2w − 1) offsets and three cases of [CLS]; for words, the offsets of texts of 196 tokens and
three cases of [CLS]; and two constants, from text to picture and back. Columns are heads × layers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mmtool.matching.shape import TEXT_OFFSETS, MatcherShape

CLS_CASES = 3  # from [CLS], to [CLS], from it to itself


@dataclass(frozen=True, slots=True)
class PositionRows:
    """Where in the table each part begins."""

    rows: int
    columns: int

    @property
    def clip(self) -> int:
        """Rows of the clips' part."""
        return (2 * self.rows - 1) * (2 * self.columns - 1) + CLS_CASES

    @property
    def total(self) -> int:
        return self.clip + 2 + 2 * TEXT_OFFSETS

    def of_clip(self, cells: Tensor) -> Tensor:
        """Cells (B, R, 2) → rows (B, 1 + R, 1 + R) of the table; the first token is [CLS]."""
        down = cells[:, :, None, 0] - cells[:, None, :, 0] + self.rows - 1  # (B, R, R)
        right = cells[:, :, None, 1] - cells[:, None, :, 1] + self.columns - 1
        return _with_cls(down * (2 * self.columns - 1) + right, end=self.clip)

    def of_text(self, words: int, device: torch.device) -> Tensor:
        """Rows (W, W) of the table for a text of W tokens, the first of which is [CLS]."""
        place = torch.arange(words - 1, device=device)
        offsets = place[None, :] - place[:, None] + TEXT_OFFSETS - 2  # 0 … 2 · 194
        return _with_cls((self.clip + 2 + offsets)[None], end=self.total)[0]


def _with_cls(inner: Tensor, *, end: int) -> Tensor:
    """Put [CLS], whose rows are the last three before ``end``, in front of tokens (B, R, R)."""
    count, size, _ = inner.shape
    whole = inner.new_empty(count, size + 1, size + 1)
    whole[:, 1:, 1:] = inner
    whole[:, 0, :] = end - 3
    whole[:, :, 0] = end - 2
    whole[:, 0, 0] = end - 1
    return whole


class RelativePositions(nn.Module):
    """The table, and the biases of attention that it gives to each layer."""

    def __init__(self, shape: MatcherShape) -> None:
        super().__init__()
        self._rows = PositionRows(*shape.grid)
        self._layers, self._heads = shape.layers, shape.heads
        self.table = nn.Parameter(torch.zeros(self._rows.total, shape.heads * shape.layers))

    def of_clip(self, cells: Tensor) -> Tensor:
        """Cells (B, R, 2) → rows (B, 1 + R, 1 + R)."""
        return self._rows.of_clip(cells)

    def of_text(self, words: int) -> Tensor:
        """Rows (W, W) for texts of W tokens."""
        return self._rows.of_text(words, self.table.device)

    def of_pair(self, text: Tensor, clip: Tensor) -> Tensor:
        """Rows (B, W + R', W + R') of a pair, text first, from those of text (W, W) and clip (B, R', R')."""
        count, words, size = len(clip), len(text), clip.shape[1]
        whole = clip.new_empty(count, words + size, words + size)
        whole[:, :words, :words] = text
        whole[:, words:, words:] = clip
        whole[:, :words, words:] = self._rows.clip
        whole[:, words:, :words] = self._rows.clip + 1
        return whole

    def biases(self, rows: Tensor) -> list[Tensor]:
        """Rows (S, S) or (B, S, S) → for each layer (H, S, S) or (B, H, S, S)."""
        found = nn.functional.embedding(rows, self.table)  # (…, S, S, L · H)
        found = found.view(*rows.shape, self._layers, self._heads).movedim(-1, -4).movedim(-1, 0)
        return list(found.unbind())
