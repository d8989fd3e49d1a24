"""The Multiway block: attention that clips and words share, and an expert of each (VLMo, Section 3.2)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor, nn

from mmtool.matcher_choices import SelfAttention
from mmtool.matching.dropout import dropout
from mmtool.matching.rows import Rows, Segment, segments_of

CLIP, TEXT, PAIR = "clip", "text", "pair"
EPS = 1e-6
GROWTH = 4  # of the feed-forward layers


class Attention(nn.Module):
    """Multi-head attention, with biases of queries, values and output but none of keys.

    Called with the own modules of each kind of tokens, it attends over all of them together.
    """

    def __init__(self, width: int, heads: int, share: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, share
        self.norm = nn.LayerNorm(width, eps=EPS)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.query_bias = nn.Parameter(torch.zeros(width))
        self.value_bias = nn.Parameter(torch.zeros(width))
        self.output = nn.Linear(width, width)

    def queries(self, x: Tensor) -> Tensor:
        """(T, d) → (T, d)."""
        weight = self.query_key_value.weight[: len(self.query_bias)]
        return nn.functional.linear(self.norm(x), weight, self.query_bias)

    def keys_and_values(self, x: Tensor) -> Tensor:
        """(T, d) → keys, then values (T, 2 d)."""
        weight = self.query_key_value.weight[len(self.query_bias) :]
        bias = torch.cat([torch.zeros_like(self.value_bias), self.value_bias])
        return nn.functional.linear(self.norm(x), weight, bias)

    def mix(
        self, queries: Tensor, keys_and_values: Tensor, bias: Tensor, weights: "Weights | None"
    ) -> Tensor:
        """Attend from Q tokens to S → (B, Q, d).

        Args:
            queries: (B, Q, d).
            keys_and_values: (B, S, 2 d).
            bias: (B, H, Q, S), −∞ at padding.
            weights: Where the attention is kept, if it is asked for.
        """
        (query,), (key, value) = self._heads(queries), self._heads(keys_and_values)
        share = self.dropout if self.training else 0.0
        if weights is None and not (share and queries.device.type == "cpu"):
            mixed = nn.functional.scaled_dot_product_attention(
                query, key, value, attn_mask=bias.to(query.dtype), dropout_p=share
            )
        else:
            logits = (query @ key.transpose(-1, -2)).float() * query.shape[-1] ** -0.5 + bias
            shares = logits.softmax(dim=-1)
            if weights is not None:
                weights.kept = shares
            mixed = dropout(shares, share).to(value.dtype) @ value
        return mixed.transpose(1, 2).flatten(2)

    def _heads(self, x: Tensor) -> tuple[Tensor, ...]:
        """(B, S, n d) → n times (B, H, S, d / H)."""
        width = len(self.query_bias)
        split = x.view(*x.shape[:2], x.shape[2] // width, self.heads, -1)  # (B, S, n, H, d / H)
        return split.permute(2, 0, 3, 1, 4).unbind()


@dataclass(slots=True)
class Weights:
    """Holds the attention (B, H, S, S) of a block that is asked to keep it, with its gradient's history."""

    kept: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Attended:
    """One pass over a pair: its attention (B, H, S, S), and where the clip's tokens but [CLS] stand in it."""

    weights: Tensor
    tokens: tuple[slice, ...]


@dataclass(slots=True)
class PairAttention:
    """The attention that explains pairs, of each pass in which clip and words meet."""

    passes: list[Attended] = field(default_factory=list)


class Expert(nn.Module):
    """The feed-forward layer of one kind of tokens, with its own normalisation."""

    def __init__(self, width: int, share: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=EPS)
        self.first = nn.Linear(width, GROWTH * width)
        self.second = nn.Linear(GROWTH * width, width)
        self.dropout = share

    def forward(self, x: Tensor) -> Tensor:
        share = self.dropout if self.training else 0.0
        hidden = dropout(nn.functional.gelu(self.first(self.norm(x))), share)
        return dropout(self.second(hidden), share)


class MultiwayBlock(nn.Module):
    """x + γ₁ Attention(x), then x + γ₂ Expert(x), where each segment takes its own expert.

    Args:
        width: d.
        heads: Attention heads.
        experts: Kinds of tokens that may come.
        attention: With ``separate``, each of the experts' kinds also has queries, keys, values, output and
            normalisation of its own; all kinds still attend to each other.
        layer_scale: First value of γ; 0 leaves γ out.
        drop_path: Probability that a sample skips either half in training.
        dropout: Of attention and experts.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        *,
        experts: Sequence[str],
        attention: SelfAttention = SelfAttention.SHARED,
        layer_scale: float = 0.1,
        drop_path: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.separate = attention is SelfAttention.SEPARATE
        kinds = experts if self.separate else ("shared",)
        self.attention = nn.ModuleDict({kind: Attention(width, heads, dropout) for kind in kinds})
        self.experts = nn.ModuleDict({kind: Expert(width, dropout) for kind in experts})
        self.scales = nn.ParameterList(
            [nn.Parameter(torch.full((width,), layer_scale)) for _ in range(2)] if layer_scale else []
        )
        self.drop_path = drop_path

    def forward(
        self,
        x: Tensor,
        bias: Tensor,
        segments: Sequence[Segment],
        weights: Weights | None = None,
        *,
        real: Tensor | None = None,
        read: Sequence[int] | None = None,
    ) -> Tensor:
        """States (B, S, d) → (B, S, d), or (B, R, d) of the R tokens that are read.

        Args:
            x: The states.
            bias: (B, H, S, S): added to the logits of attention, −∞ where a key is padding.
            segments: The kinds of the S tokens, in their order.
            weights: Where the attention is kept, if it is asked for.
            real: (B, S): which tokens are not padding; all by default. Padding takes no arithmetic outside
                attention and becomes 0.
            read: The places of the tokens whose states are asked for, in ascending order, none of which is
                padding; all by default. The others are attended to, and nothing else is computed of them.
        """
        real = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device) if real is None else real
        every = asked = Rows.of_real(real, segments)
        states = found = every.of(x)  # (T, d)
        if read is not None:
            asked = Rows.of_real(real[:, read], segments_of(read, segments))
            found, bias = asked.of(x[:, read]), bias[:, :, read]
        found = found + self._dropped(self._attend(found, asked, states, every, bias, weights), asked, 0)
        found = found + self._dropped(_through(self.experts, found, asked.segments), asked, 1)
        return asked.padded(found)

    def _attend(
        self, found: Tensor, asked: Rows, states: Tensor, every: Rows, bias: Tensor, weights: Weights | None
    ) -> Tensor:
        """From rows that are asked for to rows of all tokens."""
        ours, theirs = self._attention_of(asked), self._attention_of(every)
        modules = {kind: cast(Attention, module) for kind, module in self.attention.items()}
        queries = _through({kind: module.queries for kind, module in modules.items()}, found, ours)
        keys = _through({kind: module.keys_and_values for kind, module in modules.items()}, states, theirs)
        any_of_them = modules[ours[0].expert]
        mixed = any_of_them.mix(asked.padded(queries), every.padded(keys), bias, weights)
        return _through({kind: module.output for kind, module in modules.items()}, asked.of(mixed), ours)

    def _attention_of(self, rows: Rows) -> Sequence[Segment]:
        return rows.segments if self.separate else [Segment("shared", len(rows.places))]

    def _dropped(self, x: Tensor, rows: Rows, half: int) -> Tensor:
        """γ times what a half of the block adds, or nothing for a sample whose half is skipped."""
        if self.scales:
            x = x * self.scales[half]
        if not self.training or not self.drop_path:
            return x
        keep = 1 - self.drop_path
        kept = x.new_empty(rows.shape[0], 1).bernoulli_(keep) / keep
        return x * kept[rows.sequences]


def _through(
    modules: nn.ModuleDict | Mapping[str, Callable[[Tensor], Tensor]], x: Tensor, segments: Sequence[Segment]
) -> Tensor:
    """Pass each segment of rows (T, d) through its own module."""
    parts = torch.split(x, [segment.size for segment in segments])
    return torch.cat([modules[s.expert](part) for s, part in zip(segments, parts, strict=True) if s.size])
