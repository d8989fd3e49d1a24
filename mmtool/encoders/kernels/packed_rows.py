"""Rows of tokens end to end, without padding; only attention has to know where a row ends.

On one core of an AMD EPYC (AVX-512 bf16), packing saves 16 % of the processor time of the whole stage when a
MiniLM sentence model encodes the phrases of 14 films in fp32, 19 % in bf16, and 12 % with a model of the size
of bert-base in fp32, all compared with batches of little padding.
"""

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
USUAL_ATTENTION = "sdpa"  # of all models that can be packed
TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.05, torch.float16: 0.01}  # of the largest feature

Runs = Sequence[tuple[int, int]]  # of neighbouring rows of one length: number of rows, length


@dataclass(frozen=True, slots=True)
class PackedRows:
    """What a language model needs to know about rows that stand end to end."""

    tokens: Tensor  # (1, T)
    positions: Tensor  # (1, T), counted within each row
    runs: Runs


def pack(rows: Rows, *, first_position: int) -> PackedRows:
    """Put rows of token ids end to end; attention is fastest if rows of one length are neighbours."""
    tokens = torch.tensor([[token for row in rows for token in row]])
    positions = torch.cat([torch.arange(len(row)) for row in rows]) + first_position
    runs = [(len(list(run)), length) for length, run in groupby(map(len, rows))]
    return PackedRows(tokens, positions[None], runs)


def unpack(packed: Tensor, runs: Runs) -> list[Tensor]:
    """Split what belongs to the tokens (T, …) into (n, L, …) for each run."""
    parts = torch.split(packed, [count * length for count, length in runs])
    return [part.view(*run, *part.shape[1:]) for part, run in zip(parts, runs, strict=True)]


@torch.inference_mode()
def pack_attention(network: Any, *, first_position: int) -> bool:
    """Make a network attend within rows: from now on it has to be called with their ``runs``.

    This relies on transformers to pass the keyword arguments of a network on to its attention. Two short rows
    show whether the network at hand does; if they come out differently than alone, or not at all, the
    network is left as it was, and False is returned.
    """
    padding = network.config.pad_token_id or 0
    one, two = ((padding + number) % network.config.vocab_size for number in (1, 2))
    rows = [[one, two, two], [two, one]]
    alone = [network(input_ids=torch.tensor([row])).last_hidden_state[0] for row in rows]
    try:
        hub.AttentionInterface.register(ATTENTION, _attend_within_rows)
        network.set_attn_implementation(ATTENTION)
        expected, found = torch.cat(alone), encode_packed(network, pack(rows, first_position=first_position))
        if (found - expected).abs().max() <= TOLERANCE[found.dtype] * expected.abs().max():
            return True
    except Exception:  # noqa: S110  whatever a version of transformers raises
        pass
    network.set_attn_implementation(USUAL_ATTENTION)
    return False


def encode_packed(network: Any, packed: PackedRows) -> Tensor:
    """The features (T, D) of the tokens, by a network whose attention is packed."""
    features: Tensor = network(
        input_ids=packed.tokens, position_ids=packed.positions, runs=packed.runs
    ).last_hidden_state[0]
    return features


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
    """Attention of query, key and value (1, heads, T, D) within rows: (1, T, heads, D), and no weights."""
    by_run = zip(*(unpack(heads[0].transpose(0, 1), runs) for heads in (query, key, value)), strict=True)
    attended = []
    for run in by_run:
        query, key, value = (heads.transpose(1, 2) for heads in run)  # (n, heads, L, D)
        mixed = scaled_dot_product_attention(query, key, value, scale=scaling)
        attended.append(mixed.transpose(1, 2).flatten(0, 1))  # (n·L, heads, D)
    return torch.cat(attended)[None], None
