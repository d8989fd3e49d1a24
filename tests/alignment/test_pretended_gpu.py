"""The network, its decoders and its optimiser on a pretended GPU compute what they compute on the CPU."""

import copy

import pytest
import torch

from mmtool.alignment.network.actions import MANY_TO_MANY
from mmtool.alignment.network.batch import Sequences, Traces
from mmtool.alignment.network.batch_norm import SequenceBatchNorm
from mmtool.alignment.network.beam import decode_by_beam
from mmtool.alignment.network.greedy import decode_greedily
from mmtool.alignment.network.trace import trace
from mmtool.choices import Inputs, Normalisation
from mmtool.training.diagnostics import Diagnostics
from mmtool.training.lars import LarsAdam
from mmtool.training.processes import ALONE
from support.network_cases import make_case
from support.pretended_cuda import CAN_PRETEND, GPU, DeviceError, GpuTensor, PretendedCuda, on_gpu

pytestmark = pytest.mark.skipif(
    not CAN_PRETEND, reason="this build of torch wants a driver for a pretended GPU"
)


def test_the_pretended_gpu_refuses_what_a_gpu_refuses():
    here = torch.ones(2)
    with PretendedCuda():
        there = here.to(GPU)
        assert there.device == GPU
        assert (there + 1).sum().item() == 4
        for mix in (lambda: there + here, lambda: torch.cat([there, here]), lambda: here[there.long()]):
            with pytest.raises(DeviceError):
                mix()
        with pytest.raises(RuntimeError):
            there.numpy()
        assert there.cpu().numpy().tolist() == [1, 1]


@pytest.mark.parametrize("normalisation", Normalisation)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("inputs", Inputs)
def test_the_forward_pass(normalisation, training, inputs):
    network, clips, snippets, gold, action_set = make_case(normalisation, MANY_TO_MANY, inputs=inputs)
    network.train(training)
    traces = Traces.pad(
        [trace(g, len(c), len(s), action_set) for g, c, s in zip(gold, clips, snippets, strict=True)]
    )
    given = Sequences.pad(clips), Sequences.pad(snippets), traces
    with torch.no_grad():
        expected = copy.deepcopy(network)(*given)
        with PretendedCuda():
            logits = on_gpu(network)(*(part.to(GPU) for part in given))
            assert logits.device == GPU
    torch.testing.assert_close(logits.on_cpu, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("normalisation", Normalisation)
@pytest.mark.parametrize("decode", [decode_greedily, decode_by_beam])
def test_the_decoders(normalisation, decode):
    network, clips, snippets, _, action_set = make_case(normalisation, MANY_TO_MANY)
    given = Sequences.pad(clips), Sequences.pad(snippets)
    options = {"width": 3} if decode is decode_by_beam else {}
    expected = decode(copy.deepcopy(network), *given, action_set, **options)
    with PretendedCuda():
        decoded = decode(on_gpu(network), *(part.to(GPU) for part in given), action_set, **options)
    assert [video.actions for video in decoded] == [video.actions for video in expected]


@pytest.mark.parametrize("decode", [decode_greedily, decode_by_beam])
def test_decoders_leave_the_gpu_alone_between_actions(decode):
    """The GPU reads whole sequences; what decoding adds does not depend on the number of actions."""
    network, _, _, _, action_set = make_case(Normalisation.SBN, MANY_TO_MANY)
    options = {"width": 3} if decode is decode_by_beam else {}
    added, actions = set(), []
    with PretendedCuda() as gpu:
        network = on_gpu(network).eval()
        for length in (3, 12):
            rows = torch.linspace(-1, 1, length * 300).view(1, length, 300)
            given = Sequences(rows.to(GPU), torch.tensor([length], device=GPU))
            calls, waits = gpu.calls, gpu.waits.total()
            with torch.no_grad():
                network.read_clips(given), network.read_snippets(given)
            reading = gpu.calls - calls, gpu.waits.total() - waits
            calls, waits = gpu.calls, gpu.waits.total()
            (decoded,) = decode(network, given, given, action_set, **options)
            added.add((gpu.calls - calls - reading[0], gpu.waits.total() - waits - reading[1]))
            actions.append(len(decoded.actions))
    assert actions[1] > actions[0]
    assert len(added) == 1


def test_one_real_element_in_a_batch_of_padding():
    norm, elements = SequenceBatchNorm(4).train(), torch.arange(12.0).view(1, 3, 4)
    mask = torch.tensor([[True, False, False]])
    with torch.no_grad(), PretendedCuda():
        normalised = on_gpu(norm)(elements.to(GPU), mask.to(GPU))
    assert normalised.on_cpu.eq(0).all()  # it equals its own mean, and β is 0


def test_lars():
    torch.manual_seed(0)
    start, gradient = torch.randn(3, 4), torch.randn(3, 4)
    results = []
    for device in ("cpu", GPU):
        with PretendedCuda(), torch.no_grad():
            weight = torch.nn.Parameter(start.clone().to(device), requires_grad=False)
            weight.grad = gradient.to(device)
            LarsAdam([weight], lr=0.1, weight_decay=0.01).step()
            results.append(weight.data)
    torch.testing.assert_close(results[1].on_cpu, results[0])
    assert isinstance(results[1], GpuTensor)


def test_diagnostics_of_batches_with_and_without_gradients():
    """As of a batch in which nothing reaches the Matched Stack."""
    network, clips, *_ = make_case(Normalisation.SBN, MANY_TO_MANY)
    found = []
    for there in (False, True):
        with torch.no_grad(), PretendedCuda():
            placed = on_gpu(copy.deepcopy(network)) if there else copy.deepcopy(network)
            given = Sequences.pad(clips)
            diagnostics = Diagnostics(placed, ALONE)
            with diagnostics:
                diagnostics.see_gradients()
                placed.read_clips(given.to(GPU) if there else given)
                placed.read_snippets(given.to(GPU) if there else given)
                for parameter in placed.parameters():
                    parameter.grad = parameter.detach() / 2
                diagnostics.see_gradients()
            found.append(diagnostics.diagnosis())
    assert found[0].ratios == found[1].ratios == pytest.approx(dict.fromkeys(found[0].ratios, 4), rel=1e-5)
    assert found[1].means["video_stack"] == pytest.approx(found[0].means["video_stack"], abs=1e-5)
