"""The matcher of several sources: routing, gates against literal formulas, and what each branch reaches."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from mmtool.fusion_choices import Fusion
from mmtool.matcher_choices import ClipTokens, MaskFrom
from mmtool.matching.blocks import PairAttention
from mmtool.matching.fused import FusedMatcher, make_matcher
from mmtool.matching.fusion import LateFusion, NonLocalGate, SqueezeExcitation
from mmtool.matching.inputs import ClipInput, pad_clips, pad_texts
from mmtool.matching.model import Matcher
from mmtool.matching.shape import MatcherShape, SourceShape
from mmtool.matching.source_inputs import SourcesInput, pad
from mmtool.matching.tokens import no_tokens
from mmtool.matching.word_maps import word_maps

WIDTHS, FRAMES = (5, 3, 4), (3, 2, 1)
SHAPE = MatcherShape(
    layers=2,
    width=8,
    heads=2,
    drop_path=0.0,
    dropout=0.0,
    product=True,
    clip_dimension=12,
    grid=(1, 3),
    vocabulary=9,
    sources=tuple(
        SourceShape(clip_tokens=kind, dimension=width, frames=frames)
        for kind, width, frames in zip(
            (ClipTokens.REGIONS, ClipTokens.FRAMES, ClipTokens.CLIP), WIDTHS, FRAMES, strict=True
        )
    ),
    branches=True,
)
TEXTS = [[1, 4, 5, 2], [1, 3, 2], [1, 8, 7, 6, 5, 4, 2]]


def make_fused(**changes):
    torch.manual_seed(0)
    network = make_matcher(replace(SHAPE, **changes)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    return network


def make_source(dice, count, source):
    frames = np.sort(dice.integers(FRAMES[source], size=count))
    return ClipInput(
        dice.standard_normal((count, WIDTHS[source])).astype(np.float32),
        dice.random((count, 6)).astype(np.float32),
        np.stack([0 * frames, frames], axis=1),
        ((frames + 0.5) / FRAMES[source]).astype(np.float32),
    )


def make_clips(sizes=((4, 2, 1), (1, 1, 1), (6, 2, 0)), seed=1):
    dice = np.random.default_rng(seed)
    return [
        SourcesInput(tuple(make_source(dice, count, source) for source, count in enumerate(counts)))
        for counts in sizes
    ]


@pytest.mark.parametrize("fusion", Fusion)
def test_clips_and_pairs_do_not_depend_on_company_or_padding(fusion):
    network, clips = make_fused(fusion=fusion), make_clips()
    with torch.no_grad():
        together = network.embed_clips(pad(clips))
        judged = network.match_pairs(pad(clips), pad_texts(TEXTS))
        for row, clip in enumerate(clips):
            torch.testing.assert_close(network.embed_clips(pad([clip]))[0], together[row])
            alone = network.match_pairs(pad([clip]), pad_texts(TEXTS[row : row + 1]))
            torch.testing.assert_close(alone[0], judged[row], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(together.norm(dim=1), torch.ones(3))


@pytest.mark.parametrize("fusion", Fusion)
def test_every_source_counts_even_one_without_tokens(fusion):
    network, (clip, *_) = make_fused(fusion=fusion, late_layers=0), make_clips()
    with torch.no_grad():
        whole = network.embed_clips(pad([clip]))
        for source in range(3):
            parts = list(clip.parts)
            parts[source] = no_tokens(WIDTHS[source])
            without = network.embed_clips(pad([SourcesInput(tuple(parts))]))
            assert without.isfinite().all()
            assert (whole - without).abs().max() > 1e-4


@pytest.mark.parametrize("fusion", Fusion)
def test_a_branch_is_a_matcher_of_its_source_alone(fusion):
    """Copied into a matcher of one source, the weights of a branch give its embeddings and its logits."""
    network, clips, texts = make_fused(fusion=fusion), make_clips(), pad_texts(TEXTS)
    for source in range(3):
        single = Matcher(network.shape.of_source(source)).eval()
        stored = network.state_dict()
        found = {}
        for name in single.state_dict():
            part, _, rest = name.partition(".")
            if part == "clip_embedding":
                found[name] = stored[f"source_embeddings.{source}.{rest}"]
            elif part in ("pooler", "match", "clip_head", "text_head", "log_scale"):
                found[name] = stored[f"branches.{source}.{name}"]
            elif part == "positions":
                own, words = stored[f"source_positions.sources.{source}"], stored["source_positions.text"]
                found[name] = torch.cat([own, words])
            else:
                found[name] = stored[name.replace("experts.clip.", f"experts.clip{source}.")]
        single.load_state_dict(found)
        own = pad_clips([clip.parts[source] for clip in clips])
        with torch.no_grad():
            torch.testing.assert_close(
                network.clips_by_branch(pad(clips), [source])[0], single.embed_clips(own)
            )
            torch.testing.assert_close(network.texts_by_branch(texts, [source])[0], single.embed_texts(texts))
            torch.testing.assert_close(
                network.match_by_branch(pad(clips), texts, source), single.match_pairs(own, texts)
            )


@pytest.mark.parametrize("fusion", Fusion)
@pytest.mark.parametrize("layers", [0, 2])
def test_what_a_branch_reaches_is_what_gets_gradients(fusion, layers):
    network = make_fused(fusion=fusion, late_layers=layers if fusion is not Fusion.MID else 2)
    reached = network.reached_by()
    for branch in range(4):
        network.zero_grad(set_to_none=True)
        clips, texts = pad(make_clips(((4, 2, 1), (1, 1, 1)))), pad_texts(TEXTS[:2])
        (embedded,), (words,) = (
            network.clips_by_branch(clips, [branch]),
            network.texts_by_branch(texts, [branch]),
        )
        fits = network.head_of(branch).scale * (embedded @ words.T)
        (fits.exp().sum() + network.match_by_branch(clips, texts, branch).exp().sum()).backward()
        for name, parameter in network.named_parameters():
            assert (parameter.grad is not None) == (branch in reached[parameter]), (branch, name)


@pytest.mark.parametrize("fusion", Fusion)
def test_a_source_that_is_left_out_says_nothing_to_the_joint_branch(fusion):
    network, clips, texts = make_fused(fusion=fusion), make_clips(), pad_texts(TEXTS)
    others = [
        SourcesInput((one.parts[0], other.parts[1], one.parts[2]))
        for one, other in zip(clips, make_clips(seed=7), strict=True)
    ]
    attention = PairAttention()

    def found(batch, **options):
        return torch.cat([network.embed_clips(batch), network.match_pairs(batch, texts, **options)], dim=1)

    assert not torch.allclose(found(pad(clips)), found(pad(others)))
    network.leave_out([1])
    assert "seen" in network.state_dict()
    torch.testing.assert_close(found(pad(clips), attention=attention), found(pad(others)))
    logits = network.match_pairs(pad(clips), texts, attention=(attention := PairAttention()))
    maps = word_maps(logits, attention, 7, MaskFrom.ATTENTION)
    assert not maps[..., 6:8].any()  # of six, two and one token
    assert not torch.allclose(*(network.clips_by_branch(pad(some), [1])[0] for some in (clips, others)))
    network.zero_grad(set_to_none=True)
    found(pad(clips)).sum().backward()
    own = [p.grad for p in network.source_embeddings[1].parameters() if p.grad is not None]
    assert not any(gradient.any() for gradient in own)
    network.leave_out([])
    assert not torch.allclose(found(pad(clips)), found(pad(others)))


def test_several_branches_at_once_are_the_same_as_one_after_the_other():
    for fusion in Fusion:
        network, clips = make_fused(fusion=fusion), pad(make_clips())
        with torch.no_grad():
            together = network.clips_by_branch(clips, [0, 1, 2, 3])
            for number, found in enumerate(together):
                torch.testing.assert_close(found, network.clips_by_branch(clips, [number])[0])


# Gates


def test_squeeze_and_excitation_against_the_literal_formula():
    torch.manual_seed(0)
    gate, own = SqueezeExcitation(2, 8).requires_grad_(False), torch.randn(1, 3, 8)
    first, second = torch.randn(1, 2, 8), torch.randn(1, 4, 8)
    real = torch.tensor([[True, True, False, False]])
    found = gate(own, [(first, torch.ones(1, 2, dtype=torch.bool)), (second, real)])
    means = torch.cat([(first[0, 0] + first[0, 1]) / 2, (second[0, 0] + second[0, 1]) / 2])
    hidden = [
        max(0.0, float(row @ means + bias)) for row, bias in zip(*gate.squeeze.parameters(), strict=True)
    ]
    assert len(hidden) == 1
    for channel in range(8):
        logit = float(gate.excite.weight[channel, 0]) * hidden[0] + float(gate.excite.bias[channel])
        scale = 1 / (1 + math.exp(-logit))
        for token in range(3):
            assert float(found[0, token, channel]) == pytest.approx(
                float(own[0, token, channel]) * (1 + scale), rel=1e-5
            )
    nothing = gate(own, [(first, torch.zeros(1, 2, dtype=torch.bool)), (second, 0 * real > 0)])
    assert nothing.isfinite().all()


def test_the_non_local_gate_against_the_literal_formula():
    torch.manual_seed(0)
    gate, first, tokens = NonLocalGate(6).requires_grad_(False), torch.randn(1, 6), torch.randn(1, 4, 6)
    real = torch.tensor([[True, False, True, True]])
    weights = {
        token: math.exp(float(gate.query(first[0]) @ gate.key(tokens[0, token]))) for token in (0, 2, 3)
    }
    total = sum(weights.values())
    mixed = sum(weight / total * gate.value(tokens[0, token]) for token, weight in weights.items())
    torch.testing.assert_close(gate(first, tokens, real)[0], first[0] + gate.back(mixed))


@pytest.mark.parametrize(("layers", "width"), [(0, 24), (1, 8), (2, 8), (4, 8)])
def test_late_fusion_concatenates_and_passes_layers(layers, width):
    torch.manual_seed(0)
    fusion = LateFusion(replace(SHAPE, late_layers=layers))
    read = [torch.randn(2, 8) for _ in range(3)]
    found = fusion(read, [], [])
    expected = torch.cat(read, dim=1)
    linears = [layer for layer in fusion.modules() if isinstance(layer, torch.nn.Linear)]
    for linear in linears:
        expected = (expected @ linear.weight.T + linear.bias).clamp(min=0)
    assert len(linears) == layers
    assert found.shape == (2, width)
    torch.testing.assert_close(found, expected)


# Words and masks


@pytest.mark.parametrize("fusion", Fusion)
def test_maps_and_masks_are_over_the_tokens_of_all_sources(fusion):
    network, (clip, *_) = make_fused(fusion=fusion), make_clips()
    attention, batch, texts = PairAttention(), pad([clip]), pad_texts(TEXTS[:1])
    logits = network.match_pairs(batch, texts, attention=attention)
    assert len(attention.passes) == (1 if fusion is Fusion.MID else 3)
    maps = word_maps(logits, attention, 4)
    assert maps.shape == (1, 4, 4 + 2 + 1)
    assert all(maps[..., part].any() for part in (slice(0, 4), slice(4, 6), slice(6, 7)))
    with torch.no_grad():
        kept = torch.ones(1, 7)
        torch.testing.assert_close(network.match_pairs(batch, texts, kept=kept), logits)
        for token in (0, 5, 6):
            kept = torch.ones(1, 7)
            kept[0, token] = 0
            assert (network.match_pairs(batch, texts, kept=kept) - logits).abs().max() > 1e-5


def test_sources_that_do_not_fit_the_matcher_are_a_type_error():
    clips = make_clips()
    with pytest.raises(TypeError, match="several sources, where one"):
        Matcher(SHAPE.of_source(0)).embed_clips(pad(clips))
    with pytest.raises(TypeError, match="one source, where several"):
        make_fused().embed_clips(pad_clips([clip.parts[0] for clip in clips]))


def test_a_shape_without_sources_is_the_matcher_as_it_was():
    assert type(make_matcher(SHAPE.of_source(0))) is Matcher
    assert type(make_matcher(SHAPE)) is FusedMatcher
