"""The Multiway Transformer: routing against a loop token by token, independence of company, counts."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from mmtool.matcher_choices import ClipTokens, SelfAttention
from mmtool.matching.blocks import CLIP, PAIR, TEXT, MultiwayBlock, PairAttention
from mmtool.matching.inputs import ClipInput, pad_clips, pad_texts
from mmtool.matching.model import Matcher, parameter_count
from mmtool.matching.positions import PositionRows
from mmtool.matching.rows import Segment
from mmtool.matching.shape import SIZES, MatcherShape, of_pictures

WORDS, PIECES = 9, 30522
TINY = MatcherShape(
    layers=3,
    width=8,
    heads=2,
    fusion_layers=1,
    drop_path=0.0,
    dropout=0.0,
    clip_dimension=5,
    grid=(1, 3),
    vocabulary=WORDS,
)


def make_matcher(**changes):
    torch.manual_seed(0)
    network = Matcher(replace(TINY, **changes)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    return network


def make_clips(sizes=(3, 1, 6), seed=1):
    dice = np.random.default_rng(seed)

    def clip(size):
        frames = np.sort(dice.integers(3, size=size))
        return ClipInput(
            dice.standard_normal((size, 5)).astype(np.float32),
            dice.random((size, 6)).astype(np.float32),
            np.stack([0 * frames, frames], axis=1),
            ((frames + 0.5) / 3).astype(np.float32),
        )

    return [clip(size) for size in sizes]


TEXTS = [[1, 4, 5, 2], [1, 3, 2], [1, 8, 7, 6, 5, 4, 2]]


# Routing


def literal_layer_norm(norm, x):
    return (x - x.mean()) / math.sqrt(x.var(unbiased=False) + norm.eps) * norm.weight + norm.bias


def literal_block(block, x, bias, kinds):
    """One token after the other, each with the modules of its own kind; x (S, d), bias (H, S, S)."""
    of = [block.attention[kind if block.separate else "shared"] for kind in kinds]
    heads, width = of[0].heads, x.shape[1] // of[0].heads
    queries, keys, values = [], [], []
    for token, own in zip(x, of, strict=True):
        normal = literal_layer_norm(own.norm, token)
        query, key, value = own.query_key_value.weight.chunk(3)
        queries.append(query @ normal + own.query_bias)
        keys.append(key @ normal)
        values.append(value @ normal + own.value_bias)
    after = []
    for i, own in enumerate(of):
        mixed = []
        for head in range(heads):
            part = slice(head * width, (head + 1) * width)
            logits = [
                queries[i][part] @ keys[j][part] / math.sqrt(width) + bias[head, i, j] for j in range(len(x))
            ]
            shares = torch.stack(logits).softmax(dim=0)
            mixed.append(sum(share * values[j][part] for j, share in enumerate(shares)))
        attended = own.output.weight @ torch.cat(mixed) + own.output.bias
        after.append(x[i] + (block.scales[0] * attended if block.scales else attended))
    found = []
    for token, kind in zip(after, kinds, strict=True):
        expert = block.experts[kind]
        hidden = expert.first.weight @ literal_layer_norm(expert.norm, token) + expert.first.bias
        hidden = hidden * 0.5 * (1 + torch.erf(hidden / math.sqrt(2)))
        added = expert.second.weight @ hidden + expert.second.bias
        found.append(token + (block.scales[1] * added if block.scales else added))
    return torch.stack(found)


@pytest.mark.parametrize("attention", SelfAttention)
@pytest.mark.parametrize("layer_scale", [0.1, 0.0])
def test_a_block_routes_as_a_loop_over_tokens_does(attention, layer_scale):
    torch.manual_seed(3)
    block = MultiwayBlock(
        8, 2, experts=("text", "appearance", "motion"), attention=attention, layer_scale=layer_scale
    ).double()
    with torch.no_grad():
        for parameter in block.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    x, bias = torch.randn(2, 7, 8).double(), torch.randn(2, 2, 7, 7).double()
    bias[1, :, :, 5] = -torch.inf
    segments = (Segment("text", 3), Segment("appearance", 3), Segment("motion", 1))
    kinds = ["text"] * 3 + ["appearance"] * 3 + ["motion"]
    with torch.no_grad():
        found = block(x, bias, segments)
        for row in range(2):
            torch.testing.assert_close(found[row], literal_block(block, x[row], bias[row], kinds))


@pytest.mark.parametrize("attention", SelfAttention)
def test_states_that_are_read_are_those_of_the_whole_block(attention):
    torch.manual_seed(3)
    block = MultiwayBlock(8, 2, experts=("text", "clip"), attention=attention)
    x, real = torch.randn(3, 6, 8), torch.tensor([[1, 1, 1, 1, 1, 1], [1, 0, 0, 1, 1, 0], [1, 1, 0, 1, 0, 0]])
    bias = torch.randn(3, 2, 6, 6).masked_fill(real[:, None, None] == 0, -torch.inf)
    segments = (Segment("text", 3), Segment("clip", 3))
    with torch.no_grad():
        whole = block(x, bias, segments)  # padding is computed, too
        packed = block(x, bias, segments, real=real.bool())
        read = block(x, bias, segments, real=real.bool(), read=[0, 3])
        of_clip = block(x, bias, segments, read=[3])
    torch.testing.assert_close(packed, whole * real[..., None])
    torch.testing.assert_close(read, whole[:, [0, 3]])
    torch.testing.assert_close(of_clip, whole[:, [3]])


def test_nothing_is_computed_of_padding_and_in_the_last_block_of_what_is_not_read():
    network, seen = make_matcher(), []
    for block in network.blocks:
        for expert in block.experts.values():
            expert.register_forward_hook(lambda _, given, __: seen.append(len(given[0])))
    with torch.no_grad():
        network.match_pairs(pad_clips(make_clips()), pad_texts(TEXTS))
        network.embed_texts(pad_texts(TEXTS))
    words, clips = 4 + 3 + 7, 3 + 1 + 6 + 3
    assert seen == [words, clips, words, clips, 3, words, words, 3]


@pytest.mark.parametrize("attention", SelfAttention)
def test_a_pair_takes_own_experts_first_and_the_pairs_expert_last(attention):
    network = make_matcher(attention=attention, relative=False).double()
    clips, texts = pad_clips(make_clips((4,))), pad_texts(TEXTS[:1])
    clips = replace(
        clips, features=clips.features.double(), boxes=clips.boxes.double(), times=clips.times.double()
    )
    with torch.no_grad():
        got = network.match_pairs(clips, texts)[0]
        x = torch.cat([network.text_embedding(texts)[0], network.clip_embedding(clips)[0]])
        nothing = torch.zeros(2, len(x), len(x)).double()
        for layer, block in enumerate(network.blocks):
            own = [TEXT] * 4 + [CLIP] * 5
            x = literal_block(block, x, nothing, own if layer < 2 else [PAIR] * 9)
        first = literal_layer_norm(network.norm, x[0])
        wanted = network.match.weight @ torch.tanh(network.pooler.weight @ first + network.pooler.bias)
        torch.testing.assert_close(got.double(), wanted + network.match.bias, rtol=1e-6, atol=1e-6)


def gradients(network, loss):
    network.zero_grad()
    loss.sum().backward()
    return {name for name, parameter in network.named_parameters() if parameter.grad is not None}


def test_clips_alone_and_snippets_alone_never_touch_the_other_experts():
    network = make_matcher(attention=SelfAttention.SEPARATE)
    of_clips = gradients(network, network.embed_clips(pad_clips(make_clips())))
    assert not any(".text." in name or ".pair." in name or "text_" in name for name in of_clips)
    assert {f"blocks.{layer}.experts.clip.first.weight" for layer in range(3)} <= of_clips
    of_texts = gradients(network, network.embed_texts(pad_texts(TEXTS)))
    assert not any(".clip." in name or ".pair." in name or "clip_" in name for name in of_texts)
    assert {f"blocks.{layer}.experts.text.first.weight" for layer in range(3)} <= of_texts
    of_pairs = gradients(network, network.match_pairs(pad_clips(make_clips()), pad_texts(TEXTS)))
    unused = {"clip_head.weight", "text_head.weight", "log_scale"} | {
        f"blocks.2.experts.{kind}.{rest}"
        for kind in (CLIP, TEXT)
        for rest in ("norm.weight", "norm.bias", "first.weight", "first.bias", "second.weight", "second.bias")
    }
    assert {name for name, _ in network.named_parameters()} - of_pairs == unused


# Company, padding, batch size


@pytest.mark.parametrize("relative", [True, False])
def test_numbers_do_not_depend_on_batch_padding_or_company(relative):
    network, clips = make_matcher(relative=relative), make_clips()
    with torch.no_grad():
        together = (
            network.embed_clips(pad_clips(clips)),
            network.embed_texts(pad_texts(TEXTS)),
            network.match_pairs(pad_clips(clips), pad_texts(TEXTS)),
        )
        for row, (clip, text) in enumerate(zip(clips, TEXTS, strict=True)):
            alone = (
                network.embed_clips(pad_clips([clip])),
                network.embed_texts(pad_texts([text])),
                network.match_pairs(pad_clips([clip]), pad_texts([text])),
            )
            for whole, single in zip(together, alone, strict=True):
                torch.testing.assert_close(whole[row], single[0], rtol=1e-5, atol=1e-6)


def test_a_clip_without_tokens_has_an_embedding():
    network, clips = make_matcher(), make_clips((0, 2))
    with torch.no_grad():
        assert network.embed_clips(pad_clips(clips)).isfinite().all()
        assert network.match_pairs(pad_clips(clips), pad_texts(TEXTS[:2])).isfinite().all()


def test_attention_that_is_kept_is_that_which_is_used():
    network, attention = make_matcher(), PairAttention()
    clips, texts = pad_clips(make_clips()), pad_texts(TEXTS)
    with torch.no_grad():
        plain = network.match_pairs(clips, texts)
        kept = network.match_pairs(clips, texts, attention=attention)
    torch.testing.assert_close(plain, kept, rtol=1e-5, atol=1e-6)
    (one,) = attention.passes
    weights = one.weights
    assert one.tokens == (slice(8, 14),)
    assert weights.shape == (3, 2, 7 + 1 + 6, 7 + 1 + 6)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(3, 2, 14))
    assert not weights[1, :, :, 3:7].any()  # padding of the second text
    assert not weights[1, :, :, 9:].any()  # and of its clip, of one token


# Relative positions


def test_rows_of_positions_are_those_of_a_literal_table():
    """A grid of 2 × 3: 3 · 5 offsets and three cases of [CLS]; then two constants; then words."""
    rows = PositionRows(2, 3)
    assert (rows.clip, rows.total) == (18, 18 + 2 + 392)
    cells = torch.tensor([[[0, 0], [1, 2]]])
    assert rows.of_clip(cells)[0].tolist() == [[17, 15, 15], [16, 7, 0], [16, 14, 7]]
    text = rows.of_text(4, torch.device("cpu"))
    assert text[0].tolist() == [rows.total - 1, *[rows.total - 3] * 3]
    assert text[1:, 0].tolist() == [rows.total - 2] * 3
    assert (text[1:, 1:] - 20 - 194).tolist() == [[0, 1, 2], [-1, 0, 1], [-2, -1, 0]]


def test_positions_of_all_layers_and_heads_come_from_one_table():
    network = make_matcher()
    table = network.positions.table
    rows = torch.tensor([[3, 5], [0, 1]])
    for layer, bias in enumerate(network.positions.biases(rows)):
        for head in range(2):
            torch.testing.assert_close(bias[head], table[:, 2 * layer + head][rows])


# Sizes


@pytest.mark.parametrize(("size", "millions"), [("base", 176.0), ("base-plus", 166.9), ("large", 562.6)])
def test_parameters_of_the_published_sizes(size, millions):
    """Published: 175 M (176.0 M by their code), 167 M, 562 M: without the heads of ITC and ITM."""
    with torch.device("meta"):
        network = Matcher(of_pictures(size, vocabulary=PIECES))
    heads = sum(parameter_count(head) for head in (network.match, network.clip_head, network.text_head)) + 1
    assert (parameter_count(network) - heads) / 1e6 == pytest.approx(millions, abs=0.05)


def test_separate_attention_has_as_many_more_parameters_as_blocks_before_the_fusion():
    with torch.device("meta"):
        shared, separate = (
            Matcher(replace(of_pictures("base", vocabulary=PIECES), attention=attention))
            for attention in SelfAttention
        )
    of_block = 4 * 768**2 + 3 * 768 + 2 * 768
    assert parameter_count(separate) - parameter_count(shared) == (12 - 2) * of_block


def test_clips_of_one_feature_need_no_boxes():
    network = make_matcher(clip_tokens=ClipTokens.CLIP)
    assert network.clip_embedding.box is None
    assert SIZES["small"].clip_tokens is ClipTokens.REGIONS


def test_matching_reads_the_first_tokens_of_both_sides_only():
    network = make_matcher(product=True)
    clips, texts = pad_clips(make_clips()), pad_texts(TEXTS)
    states = {}
    network.norm.register_forward_hook(lambda _, __, output: states.update(read=output))
    with torch.no_grad():
        found = network.match_pairs(clips, texts)
        both = states["read"][:, 0] * states["read"][:, 1]
        torch.testing.assert_close(found, network.match(torch.tanh(network.pooler(both))))


def test_the_logit_that_negatives_are_drawn_by_is_added_again():
    logits, cosines = torch.tensor([[0.5, 1.0], [0.0, -2.0]]), torch.tensor([0.5, -1.0])
    published, ours = make_matcher(), make_matcher(adds_contrast=True)
    with torch.no_grad():
        ours.log_scale.fill_(math.log(10.0))
        torch.testing.assert_close(published.with_contrast(logits, cosines), logits)
        found = ours.with_contrast(logits, cosines)
    torch.testing.assert_close(found, torch.tensor([[0.5, 6.0], [0.0, -12.0]]))
