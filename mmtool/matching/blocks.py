"""The Multiway block: attention that clips and words share, and an expert of each (VLMo, Section 3.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor, nn

from mmtool.matcher_choices import SelfAttention

CLIP, TEXT, PAIR = "clip", "text", "pair"
EPS = 1e-6
GROWTH = 4  # of the feed-forward layers


@dataclass(frozen=True, slots=True)
class Segment:
    """Neighbouring tokens of one kind, and the expert that they take."""

    expert: str
    size: int


class Attention(nn.Module):
    """Multi-head attention, with biases of queries, values and output but none of keys.

    Called with the own modules of each kind of tokens, it attends over all of them together.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.norm = nn.LayerNorm(width, eps=EPS)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.query_bias = nn.Parameter(torch.zeros(width))
        self.value_bias = nn.Parameter(torch.zeros(width))
        self.output = nn.Linear(width, width)

    def project(self, x: Tensor) -> Tensor:
        """(B, S, d) → queries, keys and values (3, B, H, S, d / H)."""
        bias = torch.cat([self.query_bias, torch.zeros_like(self.query_bias), self.value_bias])
        projected = nn.functional.linear(self.norm(x), self.query_key_value.weight, bias)
        found: Tensor = projected.view(*projected.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        return found

    def mix(self, projected: Tensor, bias: Tensor, weights: "Weights | None") -> Tensor:
        """Attend over (3, B, H, S, d / H) with a bias (B, H, S, S), −∞ at padding → (B, S, d)."""
        query, key, value = projected.unbind()
        dropout = self.dropout if self.training else 0.0
        if weights is None:
            mixed = nn.functional.scaled_dot_product_attention(
                query, key, value, attn_mask=bias.to(query.dtype), dropout_p=dropout
            )
        else:
            logits = (query @ key.transpose(-1, -2)).float() * query.shape[-1] ** -0.5 + bias
            weights.kept = logits.softmax(dim=-1)
            dropped = nn.functional.dropout(weights.kept, dropout)
            mixed = dropped.to(value.dtype) @ value
        return mixed.transpose(1, 2).flatten(2)


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

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=EPS)
        self.first = nn.Linear(width, GROWTH * width)
        self.second = nn.Linear(GROWTH * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.dropout(nn.functional.gelu(self.first(self.norm(x))))
        found: Tensor = self.dropout(self.second(hidden))
        return found


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
        self, x: Tensor, bias: Tensor, segments: Sequence[Segment], weights: Weights | None = None
    ) -> Tensor:
        """States (B, S, d) → (B, S, d).

        Args:
            x: The states.
            bias: (B, H, S, S): added to the logits of attention, −∞ where a key is padding.
            segments: The kinds of the S tokens, in their order.
            weights: Where the attention is kept, if it is asked for.
        """
        x = x + self._dropped(self._attend(x, bias, segments, weights), 0)
        return x + self._dropped(_each(x, segments, self.experts), 1)

    def _attend(
        self, x: Tensor, bias: Tensor, segments: Sequence[Segment], weights: Weights | None
    ) -> Tensor:
        own = self._attention_of(segments)
        sizes = [segment.size for segment in own]
        modules = [cast(Attention, self.attention[segment.expert]) for segment in own]
        parts = zip(modules, torch.split(x, sizes, dim=1), strict=True)
        projected = torch.cat([module.project(part) for module, part in parts], dim=3)
        mixed = modules[0].mix(projected, bias, weights)  # (B, S, d)
        parts = zip(modules, torch.split(mixed, sizes, dim=1), strict=True)
        return torch.cat([module.output(part) for module, part in parts], dim=1)

    def _attention_of(self, segments: Sequence[Segment]) -> Sequence[Segment]:
        if self.separate:
            return segments
        return [Segment("shared", sum(segment.size for segment in segments))]

    def _dropped(self, x: Tensor, half: int) -> Tensor:
        """γ times what a half of the block adds, or nothing for a sample whose half is skipped."""
        if self.scales:
            x = x * self.scales[half]
        if not self.training or not self.drop_path:
            return x
        keep = 1 - self.drop_path
        return x * x.new_empty(len(x), 1, 1).bernoulli_(keep) / keep


def _each(x: Tensor, segments: Sequence[Segment], modules: nn.ModuleDict | Mapping[str, nn.Module]) -> Tensor:
    """Pass each segment of (B, S, d) through its own module."""
    parts = torch.split(x, [segment.size for segment in segments], dim=1)
    return torch.cat([modules[s.expert](part) for s, part in zip(segments, parts, strict=True)], dim=1)
