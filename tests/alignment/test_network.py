"""The vectorised network against the literal one; parameter counts; initial values."""

import copy

import pytest
import torch

from mmtool.alignment.network.actions import MANY_TO_MANY, ONE_TO_MANY
from mmtool.alignment.network.batch import NO_ACTION, Sequences, Traces
from mmtool.alignment.network.greedy import decode_greedily
from mmtool.alignment.network.model import AlignmentNetwork, NetworkShape, parameter_count
from mmtool.alignment.network.trace import trace
from mmtool.choices import Inputs, Normalisation
from support.literal_network import greedy, teacher_forced_logits
from support.network_cases import make_case, tensors

CASES = [(n, a) for n in Normalisation for a in (ONE_TO_MANY, MANY_TO_MANY)]


def fast_logits(network, clips, snippets, gold, action_set):
    traces = Traces.pad(
        [trace(g, len(c), len(s), action_set) for g, c, s in zip(gold, clips, snippets, strict=True)]
    )
    return network(Sequences.pad(clips), Sequences.pad(snippets), traces), traces


@pytest.mark.parametrize(("normalisation", "actions"), CASES)
def test_teacher_forcing_equals_the_literal_transition_system(normalisation, actions):
    network, clips, snippets, gold, action_set = make_case(normalisation, actions)
    literal = copy.deepcopy(network)
    logits, traces = fast_logits(network, clips, snippets, gold, action_set)
    expected = teacher_forced_logits(literal, tensors(clips), tensors(snippets), gold, actions, training=True)
    for row, want in zip(logits, expected, strict=True):
        torch.testing.assert_close(row[: len(want)], want, atol=1e-5, rtol=0)

    chosen = torch.cat([torch.from_numpy(g) for g in gold])
    torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), traces.actions.flatten(), ignore_index=NO_ACTION
    ).backward()
    torch.nn.functional.cross_entropy(torch.cat(expected), chosen).backward()
    for (name, fast), slow in zip(network.named_parameters(), literal.parameters(), strict=True):
        torch.testing.assert_close(fast.grad, slow.grad, atol=1e-5, rtol=1e-4, msg=name)


@pytest.mark.parametrize(("normalisation", "actions"), CASES)
@pytest.mark.parametrize("seed", range(3))
def test_greedy_decoding_equals_the_literal_transition_system(normalisation, actions, seed):
    network, clips, snippets, _, action_set = make_case(normalisation, actions, seed=seed)
    with torch.no_grad():  # spread the classes, so that every action occurs
        network.classifier[1].weight.mul_(3)
    decoded = decode_greedily(network, Sequences.pad(clips), Sequences.pad(snippets), action_set)
    network.eval()
    for got, (taken, matches) in zip(
        decoded, greedy(network, tensors(clips), tensors(snippets), actions), strict=True
    ):
        assert list(got.actions) == taken
        assert list(got.matches) == matches


def test_full_inputs_have_a_first_layer_without_bias():
    network, clips, snippets, gold, action_set = make_case(Normalisation.SBN, ONE_TO_MANY, inputs=Inputs.FULL)
    logits, _ = fast_logits(network, clips, snippets, gold, action_set)
    expected = teacher_forced_logits(
        network, tensors(clips), tensors(snippets), gold, ONE_TO_MANY, training=True
    )
    torch.testing.assert_close(logits[0][: len(expected[0])], expected[0], atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("inputs", "dimensions", "normalisation", "count"),
    [
        (Inputs.RP, (300, 300), Normalisation.SBN, 3_408_415),
        (Inputs.FULL, (2048, 768), Normalisation.SBN, 4_253_215),
        (Inputs.RP, (300, 300), Normalisation.LN2, 3_419_215),
        (Inputs.RP, (300, 300), Normalisation.LN4, 3_419_775),
        (Inputs.RP, (300, 300), Normalisation.NONE, 3_407_215),
    ],
)
def test_parameter_counts_are_the_published_ones(inputs, dimensions, normalisation, count):
    network = AlignmentNetwork(NetworkShape(*dimensions, 3, inputs=inputs, normalisation=normalisation))
    assert parameter_count(network) == count


def test_padding_changes_nothing():
    network, clips, snippets, gold, action_set = make_case(Normalisation.SBN, ONE_TO_MANY)
    network.eval()
    together, _ = fast_logits(network, clips, snippets, gold, action_set)
    for k in range(len(clips)):
        alone, _ = fast_logits(network, clips[k : k + 1], snippets[k : k + 1], gold[k : k + 1], action_set)
        torch.testing.assert_close(together[k, : len(gold[k])], alone[0], atol=1e-5, rtol=0)


def test_initial_values_follow_the_paper():
    torch.manual_seed(0)
    network = AlignmentNetwork(NetworkShape(300, 300, 3))
    lstm = network.video_stack.layers.first.lstm
    assert torch.equal(lstm.bias_ih_l0[300:600], torch.ones(300))
    assert torch.equal(lstm.bias_hh_l0[300:600], torch.ones(300))
    torch.testing.assert_close(lstm.weight_hh_l0.T @ lstm.weight_hh_l0, torch.eye(300), atol=1e-4, rtol=0)
    linear = network.classifier[0][0]
    assert linear.weight.std().item() == pytest.approx((2 / 638) ** 0.5, rel=0.02)
    assert linear.bias.std().item() == pytest.approx(0.1, rel=0.2)
