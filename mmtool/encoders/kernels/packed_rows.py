"""Rows of tokens end to end, without padding; attention alone has to know where a row ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from mmtool.encoders.hub_models import hub
from mmtool.encoders.tokens.batches import Rows

ATTENTION = "mmtool_within_rows"

Runs = Sequence[tuple[int, int]]  # of rows of one length that follow each other: how many, how long


@dataclass(frozen=True, slots=True)
class PackedRows:
    """What a language model wants to know of rows that stand end to end."""

    tokens: Tensor  # (1, T)
    positions: Tensor  # (1, T), each row's from the first on
    runs: Runs


def pack(rows: Rows, *, first_position: int) -> PackedRows:
    """Rows of token ids one after another; attention is fastest where those of one length are neighbours."""
    tokens = torch.tensor([[token for row in rows for token in row]])
    positions = torch.cat([torch.arange(len(row)) for row in rows]) + first_position
    runs = [(len(list(run)), length) for length, run in groupby(map(len, rows))]
    return PackedRows(tokens, positions[None], runs)


def unpack(packed: Tensor, runs: Runs) -> list[Tensor]:
    """What belongs to each token (T, …) as (n, L, …) for each run."""
    parts = torch.split(packed, [count * length for count, length in runs])
    return [part.view(*run, *part.shape[1:]) for part, run in zip(parts, runs, strict=True)]


def pack_attention(network: Any) -> None:
    """Make a network of transformers attend within rows; from now on it has to be given their ``runs``.

    The interface is transformers' own: attention that has no masks registered gets none, and whatever
    else its caller gave the network.
    """
    hub.AttentionInterface.register(ATTENTION, _attend_within_rows)
    network.set_attn_implementation(ATTENTION)


def _attend_within_rows(
    _module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    _mask: None,
    *,
    scaling: float,
    runs: Runs,
    **_settings: Any,
) -> tuple[Tensor, None]:
    """Query, key and value (1, heads, T, D) to what tokens attend to (1, T, heads, D), and no weights."""
    by_run = zip(*(unpack(heads[0].transpose(0, 1), runs) for heads in (query, key, value)), strict=True)
    attended = []
    for run in by_run:
        query, key, value = (heads.transpose(1, 2) for heads in run)  # (n, heads, L, D)
        mixed = scaled_dot_product_attention(query, key, value, scale=scaling)
        attended.append(mixed.transpose(1, 2).flatten(0, 1))  # (n·L, heads, D)
    return torch.cat(attended)[None], None
