"""How several sources of a clip become what a matcher's heads read of it.

The variants are those of the supplement of Wang, Tran and Feiszli (CVPR 2020). The first layers of a stream
are here the embedding of its tokens, the others are the Multiway blocks.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmtool.fusion_choices import Fusion
from mmtool.matching.shape import MatcherShape

REDUCTION = 8  # of the channels in a squeeze-and-excitation gate


class SqueezeExcitation(nn.Module):
    """Scales the channels of a source's tokens by what is seen of the other sources in the clip.

    ``x + x · sigmoid(W₂ relu(W₁ means))``, where the means over the tokens of each other source stand side by
    side. The mean of a source without tokens is zero.
    """

    def __init__(self, others: int, width: int) -> None:
        super().__init__()
        squeezed = max(1, width // REDUCTION)
        self.squeeze = nn.Linear(others * width, squeezed)
        self.excite = nn.Linear(squeezed, width)

    def forward(self, own: Tensor, others: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """Tokens (B, R, d), and those of each other source with which are real (B, R') → (B, R, d)."""
        means = []
        for tokens, real in others:
            there = real[..., None].to(tokens.dtype)
            means.append((tokens * there).sum(dim=1) / there.sum(dim=1).clamp(min=1))
        scale = torch.sigmoid(self.excite(torch.relu(self.squeeze(torch.cat(means, dim=-1)))))  # (B, d)
        return own + own * scale[:, None]


class NonLocalGate(nn.Module):
    """Adds to what is read of the first source what it attends to in the tokens of all sources.

    ``x + W softmax(q Kᵀ) V`` at half the width. Queries of other tokens would not be read by anything.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width // 2)
        self.key = nn.Linear(width, width // 2)
        self.value = nn.Linear(width, width // 2)
        self.back = nn.Linear(width // 2, width)

    def forward(self, first: Tensor, tokens: Tensor, real: Tensor) -> Tensor:
        """What is read (B, d), tokens (B, R, d) and which are real (B, R) → (B, d)."""
        fits = (self.key(tokens) @ self.query(first)[..., None])[..., 0].float()  # (B, R)
        shares = fits.masked_fill(~real, -torch.inf).softmax(dim=-1)
        attended: Tensor = self.back((shares.to(tokens.dtype)[:, None] @ self.value(tokens))[:, 0])
        return first + attended


class LateFusion(nn.Module):
    """Concatenates what is read of each source, and passes it through fully connected layers."""

    def __init__(self, shape: MatcherShape) -> None:
        super().__init__()
        width = shape.width
        self.gate = NonLocalGate(width) if shape.fusion is Fusion.NL else None
        widths = [len(shape.sources) * width, *([width] * shape.late_layers)]
        self.layers = nn.Sequential(
            *(
                nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Dropout(shape.dropout))
                for inputs in widths[: shape.late_layers]
            )
        )

    def forward(self, read: Sequence[Tensor], tokens: Sequence[Tensor], real: Sequence[Tensor]) -> Tensor:
        """What is read of k sources (B, d), their tokens and which are real → (B, d), or (B, k·d).

        Args:
            read: (B, d) of each source.
            tokens: (B, 1 + R, d) of each source after the blocks.
            real: (B, 1 + R) of each source.
        """
        each = list(read)
        if self.gate is not None:
            each[0] = self.gate(each[0], torch.cat(list(tokens), dim=1), torch.cat(list(real), dim=1))
        fused: Tensor = self.layers(torch.cat(each, dim=-1))
        return fused
