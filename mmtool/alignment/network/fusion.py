"""How several sources of a clip become what one network reads.

The variants are those of the supplement of Wang, Tran and Feiszli (CVPR 2020). Of the five blocks of a stream
(two fully connected layers, two LSTM layers, the classifier), sources are concatenated (``mid``), or squeeze
and excite each other (``se``), after the second. They are concatenated (``late``), or the first attends to
all (``nl``), after the fourth. Sequences of clips have time only, so that all sources have the same axes.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmtool.alignment.network.batch import Sequences
from mmtool.alignment.network.model import WIDTH, NetworkShape, SequenceStack, dense, encoder, linear
from mmtool.fusion_choices import Fusion

REDUCTION = 8  # of the channels in a squeeze-and-excitation gate


class SourceEncoders(nn.ModuleList):
    """An encoder for each source: fully connected layers of 300."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__(encoder(columns, 2, shape) for columns in shape.sources)
        self.columns = shape.sources

    def one(self, number: int, features: Tensor) -> Tensor:
        """The columns of one source in features (B, N, D) → (B, N, 300)."""
        encoded: Tensor = self[number](torch.split(features, list(self.columns), dim=-1)[number])
        return encoded

    def forward(self, features: Tensor) -> Tensor:
        """(B, N, D) → the encoded sources (B, N, k·300), side by side."""
        return torch.cat([self.one(number, features) for number in range(len(self))], dim=-1)


class SqueezeExcitation(nn.Module):
    """Scales the channels of one source by what is seen of the others in the whole sequence.

    ``x + x · sigmoid(W₂ relu(W₁ mean(others)))``; with two sources, ``others`` is the other one.
    """

    def __init__(self, others: int) -> None:
        super().__init__()
        self.squeeze = linear(others, WIDTH // REDUCTION)
        self.excite = linear(WIDTH // REDUCTION, WIDTH)

    def forward(self, own: Tensor, others: Tensor, mask: Tensor) -> Tensor:
        """(B, N, 300), (B, N, o·300) and a mask (B, N) of real clips → (B, N, 300)."""
        real = mask[..., None].to(others.dtype)
        mean = (others * real).sum(dim=1) / real.sum(dim=1).clamp(min=1)  # (B, o·300)
        scale = torch.sigmoid(self.excite(torch.relu(self.squeeze(mean))))  # (B, 300)
        return own + own * scale[:, None]


class NonLocalGate(nn.Module):
    """Adds to each clip of the first source what it attends to in all sources of all clips.

    ``x + W softmax(Q Kᵀ) V`` with queries of the first source, keys and values of all, at half the width.
    """

    def __init__(self, sources: int) -> None:
        super().__init__()
        self.query = linear(WIDTH, WIDTH // 2)
        self.key = linear(sources * WIDTH, WIDTH // 2)
        self.value = linear(sources * WIDTH, WIDTH // 2)
        self.back = linear(WIDTH // 2, WIDTH)

    def forward(self, first: Tensor, every: Tensor, mask: Tensor) -> Tensor:
        """(B, N, 300), (B, N, k·300) and a mask (B, N) of real clips → (B, N, 300)."""
        fits = self.query(first) @ self.key(every).transpose(1, 2)  # (B, N, N)
        fits = fits.masked_fill(~mask[:, None], torch.finfo(fits.dtype).min)
        attended: Tensor = self.back(fits.softmax(dim=-1) @ self.value(every))
        return first + attended


class FusedStack(nn.Module):
    """The Video Stack of several sources.

    Where sources have heads of their own, those that are not ``seen`` are zero here.
    """

    seen: Tensor | None

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        count = len(shape.sources)
        self.fusion = shape.fusion
        self.register_buffer("seen", torch.ones(count) if shape.heads else None)
        if self.fusion is Fusion.MID:
            self.stack = SequenceStack(shape, inputs=count * WIDTH)
            return
        self.stacks = nn.ModuleList(SequenceStack(shape) for _ in range(count))
        if self.fusion is Fusion.SE:
            self.gates = nn.ModuleList(SqueezeExcitation((count - 1) * WIDTH) for _ in range(count))
        if self.fusion is Fusion.NL:
            self.gate = NonLocalGate(count)
        widths = [count * WIDTH, *([WIDTH] * shape.fusion_layers)]
        self.layers = nn.Sequential(
            *(dense(width, WIDTH, shape.dropout) for width in widths[: shape.fusion_layers])
        )

    def stream(self, number: int, encoded: Sequences) -> Tensor:
        """The outputs (B, N, 300) of one source's stack, of its encoded features (B, N, 300)."""
        output: Tensor = self.stacks[number](encoded)
        return output

    def forward(self, encoded: Sequences, streams: list[Tensor] | None = None) -> Tensor:
        """Encoded sources (B, N, k·300) → what is read of clips (B, N, 300), or (B, N, k·300) without layers.

        Args:
            encoded: The sources, side by side.
            streams: The outputs of the sources' stacks, if they are known; not with gates before them.
        """
        mask, parts = encoded.mask(), self._seen(torch.split(encoded.features, WIDTH, dim=-1))
        if self.fusion is Fusion.MID:
            fused: Tensor = self.stack(Sequences(torch.cat(parts, dim=-1), encoded.lengths))
            return fused
        if self.fusion is Fusion.SE:
            parts = [
                gate(part, torch.cat(parts[:number] + parts[number + 1 :], dim=-1), mask)
                for number, (gate, part) in enumerate(zip(self.gates, parts, strict=True))
            ]
        if streams is None:
            lengths = encoded.lengths
            streams = [self.stream(number, Sequences(part, lengths)) for number, part in enumerate(parts)]
        streams = self._seen(streams)
        if self.fusion is Fusion.NL:
            streams = [self.gate(streams[0], torch.cat(streams, dim=-1), mask), *streams[1:]]
        layers: Tensor = self.layers(torch.cat(streams, dim=-1))
        return layers

    def _seen(self, parts: Sequence[Tensor]) -> list[Tensor]:
        """What is read of each source; a stack makes something of zeros, so its output counts as well."""
        return list(parts) if self.seen is None else [p * s for p, s in zip(parts, self.seen, strict=True)]
