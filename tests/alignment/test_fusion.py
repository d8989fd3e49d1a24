"""Fusion of several sources against formulas written out; branches see their own source and the text."""

import itertools
import math

import numpy as np
import pytest
import torch

from mmtool.alignment.network.actions import ONE_TO_MANY, ActionSet
from mmtool.alignment.network.batch import Sequences, Traces
from mmtool.alignment.network.beam import decode_by_beam
from mmtool.alignment.network.branches import FusedNetwork, make_network
from mmtool.alignment.network.fusion import NonLocalGate, SqueezeExcitation
from mmtool.alignment.network.greedy import decode_greedily
from mmtool.alignment.network.model import WIDTH, AlignmentNetwork, NetworkShape
from mmtool.alignment.network.trace import trace
from mmtool.choices import Inputs, Normalisation
from mmtool.fusion_choices import Fusion

THREE = ActionSet(ONE_TO_MANY)
SOURCES = (5, 3, 4)
GOLD = ((2, 2, 1, 2), (0, 2, 1, 0, 2))
CLIPS, SNIPPETS = (3, 4), 2


def network_of(fusion=Fusion.LATE, layers=2, *, sources=SOURCES, **shape) -> FusedNetwork:
    torch.manual_seed(1)
    network = make_network(
        NetworkShape(sum(sources), 6, 3, sources=sources, fusion=fusion, fusion_layers=layers, **shape)
    )
    assert isinstance(network, FusedNetwork)
    return network


def batch_of(sources=SOURCES, seed=0):
    rng = np.random.default_rng(seed)
    clips = [rng.standard_normal((n, sum(sources))).astype(np.float32) for n in CLIPS]
    snippets = [rng.standard_normal((SNIPPETS, 6)).astype(np.float32) for _ in CLIPS]
    traces = [trace(np.array(g), n, SNIPPETS, THREE) for g, n in zip(GOLD, CLIPS, strict=True)]
    return Sequences.pad(clips), Sequences.pad(snippets), Traces.pad(traces)


def affine(layer, x):
    weight, bias = layer.weight.double(), layer.bias.double()
    return [sum(w * v for w, v in zip(row, x, strict=True)) + b for row, b in zip(weight, bias, strict=True)]


def test_a_squeeze_and_excitation_gate_is_its_formula():
    """x + x · σ(W₂ relu(W₁ mean(other))), the mean over real clips only; 300 / 8 = 37 channels between."""
    torch.manual_seed(0)
    gate = SqueezeExcitation(2)
    own, other = torch.randn(2, 3, WIDTH), torch.randn(2, 3, 2)
    mask = torch.tensor([[True, True, True], [True, True, False]])
    got = gate(own, other, mask)
    assert gate.squeeze.weight.shape == (37, 2)
    for film, real in enumerate((3, 2)):
        mean = [float(other[film, :real, column].double().sum()) / real for column in range(2)]
        hidden = [max(value.item(), 0.0) for value in affine(gate.squeeze, mean)]
        scale = torch.stack([1 / (1 + torch.exp(-value)) for value in affine(gate.excite, hidden)])
        for clip in range(real):
            wanted = own[film, clip].double() * (1 + scale)
            torch.testing.assert_close(got[film, clip].double(), wanted, atol=1e-5, rtol=1e-5)


def test_a_non_local_gate_is_its_formula():
    """x + W softmax(Q Kᵀ) V: queries of the first source; keys and values of all, of real clips only."""
    torch.manual_seed(0)
    gate = NonLocalGate(2)
    first, every = torch.randn(2, 3, WIDTH) * 0.1, torch.randn(2, 3, 2 * WIDTH) * 0.1
    mask = torch.tensor([[True, True, True], [True, True, False]])
    got = gate(first, every, mask)
    assert gate.query.weight.shape == (WIDTH // 2, WIDTH)
    assert gate.key.weight.shape == gate.value.weight.shape == (WIDTH // 2, 2 * WIDTH)

    def of(layer, x):
        return layer.weight.double() @ x.double() + layer.bias.double()

    for film, real in enumerate((3, 2)):
        for clip in range(real):
            query = of(gate.query, first[film, clip])
            fits = [float(query @ of(gate.key, every[film, other])) for other in range(real)]
            total = sum(math.exp(fit) for fit in fits)
            seen = sum(
                math.exp(fit) / total * of(gate.value, every[film, other]) for other, fit in enumerate(fits)
            )
            wanted = first[film, clip].double() + of(gate.back, seen)
            torch.testing.assert_close(got[film, clip].double(), wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("layers", [0, 1, 2, 4])
def test_late_fusion_concatenates_the_stacks_and_applies_its_layers(layers):
    network = network_of(layers=layers).eval()
    clips, _, _ = batch_of()
    outputs, first = [], 0
    for number, width in enumerate(SOURCES):
        features = network.video_encoder[number](clips.features[..., first : first + width])
        outputs.append(network.video_stack.stacks[number](Sequences(features, clips.lengths)))
        first += width
    wanted = torch.cat(outputs, dim=-1)
    for dense in network.video_stack.layers:
        wanted = torch.relu(wanted @ dense[0].weight.T + dense[0].bias)
    assert len(network.video_stack.layers) == layers
    torch.testing.assert_close(network.read_clips(clips), wanted)
    assert wanted.shape[-1] == network.shape.clip_width == (WIDTH if layers else 3 * WIDTH)


def test_mid_fusion_reads_all_encoded_sources_with_one_stack():
    network = network_of(Fusion.MID).eval()
    clips, _, _ = batch_of()
    parts = torch.split(clips.features, SOURCES, dim=-1)
    encoded = torch.cat([network.video_encoder[number](part) for number, part in enumerate(parts)], dim=-1)
    wanted = network.video_stack.stack(Sequences(encoded, clips.lengths))
    torch.testing.assert_close(network.read_clips(clips), wanted)


def test_gates_are_where_the_fusion_puts_them():
    """se: each encoded source by the others, before the stacks; nl: the first stack's output by all."""
    clips, _, _ = batch_of()
    parts = torch.split(clips.features, SOURCES, dim=-1)
    for fusion in (Fusion.SE, Fusion.NL):
        network = network_of(fusion, layers=0).eval()
        stack, mask = network.video_stack, clips.mask()
        encoded = [network.video_encoder[number](part) for number, part in enumerate(parts)]
        if fusion is Fusion.SE:
            encoded = [
                stack.gates[k](encoded[k], torch.cat([encoded[j] for j in range(3) if j != k], -1), mask)
                for k in range(3)
            ]
        wanted = [stack.stacks[k](Sequences(encoded[k], clips.lengths)) for k in range(3)]
        if fusion is Fusion.NL:
            wanted[0] = stack.gate(wanted[0], torch.cat(wanted, -1), mask)
        torch.testing.assert_close(network.read_clips(clips), torch.cat(wanted, -1))


@pytest.mark.parametrize("fusion", Fusion)
def test_a_branch_sees_its_source_and_the_text_alone(fusion):
    """Other columns change every branch but those of other sources; the joint branch sees all of them."""
    network = network_of(fusion, heads=True).eval()
    clips, snippets, traces = batch_of()
    wanted = range(4)
    with torch.no_grad():
        before = network.by_branch(clips, snippets, traces, wanted)
        torch.testing.assert_close(before[3], network(clips, snippets, traces))
        first = 0
        for source, width in enumerate(SOURCES):
            features = clips.features.clone()
            features[..., first : first + width] += 1
            after = network.by_branch(Sequences(features, clips.lengths), snippets, traces, wanted)
            changed = [not torch.equal(a, b) for a, b in zip(before, after, strict=True)]
            assert changed == [branch in (source, 3) for branch in range(4)]
            first += width
        told = network.by_branch(clips, Sequences(snippets.features + 1, snippets.lengths), traces, wanted)
        assert not any(torch.equal(a, b) for a, b in zip(before, told, strict=True))


@pytest.mark.parametrize("fusion", Fusion)
def test_the_joint_branch_does_not_see_what_is_left_out(fusion):
    """Columns of the second source change its own branch only; what is left out is part of the state."""
    network = network_of(fusion, heads=True).eval()
    network.leave_out([1])
    clips, snippets, traces = batch_of()
    features = clips.features.clone()
    features[..., SOURCES[0] : SOURCES[0] + SOURCES[1]] += 1
    other = Sequences(features, clips.lengths)
    again = network_of(fusion, heads=True).eval()
    again.load_state_dict(network.state_dict())
    with torch.no_grad():
        before = network.by_branch(clips, snippets, traces, range(4))
        after = network.by_branch(other, snippets, traces, range(4))
        assert [torch.equal(a, b) for a, b in zip(before, after, strict=True)] == [True, False, True, True]
        assert torch.equal(again(other, snippets, traces), network(clips, snippets, traces))
        network.leave_out([])
        assert not torch.equal(again(clips, snippets, traces), network(clips, snippets, traces))


@pytest.mark.parametrize("fusion", Fusion)
def test_branches_that_are_computed_alone_are_those_of_all_together(fusion):
    network = network_of(fusion, heads=True).eval()
    with torch.no_grad():
        together = network.by_branch(*batch_of(), range(4))
        for branch in range(4):
            [alone] = network.by_branch(*batch_of(), [branch])
            torch.testing.assert_close(alone, together[branch])


@pytest.mark.parametrize("fusion", Fusion)
def test_a_branch_learns_the_parameters_that_it_reaches(fusion):
    network = network_of(fusion, heads=True)
    reached = network.reached_by()
    for branch in range(4):
        network.zero_grad(set_to_none=True)
        [logits] = network.by_branch(*batch_of(), [branch])
        logits.sum().backward()
        found = {name for name, p in network.named_parameters() if p.grad is not None}
        wanted = {name for name, p in network.named_parameters() if branch in reached[p]}
        assert found == wanted


@pytest.mark.parametrize(("fusion", "layers"), [(Fusion.LATE, 0), (Fusion.LATE, 2), (Fusion.MID, 2)])
def test_both_decoders_follow_the_fused_network(fusion, layers):
    """Greedy decoding's probabilities are those of teacher forcing on its own actions; so are the beam's."""
    network = network_of(fusion, layers).eval()
    clips, snippets, _ = batch_of()
    for decoded in (
        decode_greedily(network, clips, snippets, THREE),
        decode_by_beam(network, clips, snippets, THREE, width=1),
    ):
        for film, found in enumerate(decoded):
            taken, n = np.array(found.actions), CLIPS[film]
            c = Sequences(clips.features[film : film + 1, :n], clips.lengths[film : film + 1])
            s = Sequences(snippets.features[film : film + 1], snippets.lengths[film : film + 1])
            with torch.no_grad():
                logits = network(c, s, Traces.pad([trace(taken, n, SNIPPETS, THREE)]))[0]
            assert logits.argmax(dim=-1).tolist() == list(found.actions)


def test_a_network_of_one_source_is_the_published_one():
    assert type(make_network(NetworkShape(5, 6, 3))) is AlignmentNetwork
    assert "sources" not in NetworkShape(5, 6, 3).to_dict()


@pytest.mark.parametrize("sources", [(5,), (5, 6), (4, 4, 5)])
def test_sources_must_cover_the_columns(sources):
    with pytest.raises(ValueError, match="columns"):
        NetworkShape(12, 6, 3, sources=sources)


@pytest.mark.parametrize(
    ("inputs", "normalisation"), list(itertools.product(Inputs, (Normalisation.LN4, Normalisation.NONE)))
)
def test_other_inputs_and_normalisations_fuse_as_well(inputs, normalisation):
    network = network_of(Fusion.NL, inputs=inputs, normalisation=normalisation)
    logits = network(*batch_of())
    assert logits.shape == (2, 5, 3)
    logits.sum().backward()
    assert all(p.grad is not None for p in network.video_stack.parameters())
