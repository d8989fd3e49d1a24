"""Attention of the words of many texts to one clip, whose keys and values are computed once."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention


@dataclass(frozen=True, slots=True)
class KeysAndValues:
    """Keys and values (1, H, V, d) of a clip for one layer of cross-attention."""

    keys: Tensor
    values: Tensor


def keys_and_values(attention: Any, tokens: Tensor) -> KeysAndValues:
    """Those of a clip's visual tokens (V, D), by a cross-attention with BERT's names of sub-modules."""
    heads = attention.num_attention_heads
    return KeysAndValues(_heads(attention.key(tokens), heads), _heads(attention.value(tokens), heads))


def _heads(projected: Tensor, heads: int) -> Tensor:
    """(V, D) → (1, H, V, d)."""
    return projected.view(len(projected), heads, -1).transpose(0, 1)[None]


def attended(queries: Tensor, clip: KeysAndValues) -> Tensor:
    """What the words of b texts (b, L, D) take from one clip: (b, L, D).

    Words attend independently of each other, so those of all texts are one sequence, and keys and values are
    neither copied nor computed again.
    """
    batch, length, width = queries.shape
    heads = clip.keys.shape[1]
    words = queries.reshape(batch * length, heads, -1).transpose(0, 1)[None]  # (1, H, b·L, d)
    seen = scaled_dot_product_attention(words, clip.keys, clip.values)
    return seen[0].transpose(0, 1).reshape(batch, length, width)


def additive_mask(real: Tensor, dtype: torch.dtype) -> Tensor | None:
    """What is added to attention scores (b, 1, 1, L): 0 for words, the least number for padding."""
    if bool(real.all()):
        return None
    return (1 - real[:, None, None].to(dtype)) * torch.finfo(dtype).min
